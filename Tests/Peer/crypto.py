"""secp256k1 signatures with recovery and Keccak-256, in plain Python: slow, small, and nobody else's code.

Sources: SEC 1 and SEC 2 (curve, recovery), RFC 6979 (nonces), the Keccak submission (permutation), EIP-55 (checksum).
"""

import hashlib
import hmac

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)


def _add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def _multiply(point, factor):
    result = None
    while factor:
        if factor & 1:
            result = _add(result, point)
        point = _add(point, point)
        factor >>= 1
    return result


def _nonces(secret, digest):
    """The candidates of RFC 6979 with HMAC-SHA-256, section 3.2."""
    seed = secret.to_bytes(32, "big") + (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    value, key = b"\x01" * 32, b"\x00" * 32
    for mark in (b"\x00", b"\x01"):
        key = hmac.new(key, value + mark + seed, hashlib.sha256).digest()
        value = hmac.new(key, value, hashlib.sha256).digest()
    while True:
        value = hmac.new(key, value, hashlib.sha256).digest()
        yield int.from_bytes(value, "big")
        key = hmac.new(key, value + b"\x00", hashlib.sha256).digest()
        value = hmac.new(key, value, hashlib.sha256).digest()


def sign(secret, digest):
    """65 bytes r‖s‖v over a 32-byte digest, s in the lower half."""
    message = int.from_bytes(digest, "big")
    for nonce in _nonces(secret, digest):
        if not 0 < nonce < N:
            continue
        point = _multiply(G, nonce)
        r = point[0] % N
        s = pow(nonce, -1, N) * (message + r * secret) % N
        if r == 0 or s == 0:
            continue
        v = (point[1] & 1) | (2 if point[0] >= N else 0)
        if s > N // 2:
            s, v = N - s, v ^ 1
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])


def recover(signature, digest):
    """The point that signed, or None."""
    if len(signature) != 65 or signature[64] > 3:
        return None
    r, s, v = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big"), signature[64]
    if not (0 < r < N and 0 < s < N):
        return None
    x = r + (N if v & 2 else 0)
    square = (pow(x, 3, P) + 7) % P
    y = pow(square, (P + 1) // 4, P)
    if x >= P or y * y % P != square:
        return None
    if y & 1 != v & 1:
        y = P - y
    inverse = pow(r, -1, N)
    message = int.from_bytes(digest, "big")
    return _add(_multiply((x, y), s * inverse % N), _multiply(G, -message * inverse % N))


def public_key(secret):
    return _multiply(G, secret)


def _rotate(word, count):
    count %= 64
    return ((word << count) | (word >> (64 - count))) & (2**64 - 1) if count else word


def _permute(lanes):
    """Keccak-f[1600] on lanes[x][y]."""
    feedback = 1
    for _ in range(24):
        columns = [lanes[x][0] ^ lanes[x][1] ^ lanes[x][2] ^ lanes[x][3] ^ lanes[x][4] for x in range(5)]
        mix = [columns[(x + 4) % 5] ^ _rotate(columns[(x + 1) % 5], 1) for x in range(5)]
        lanes = [[lanes[x][y] ^ mix[x] for y in range(5)] for x in range(5)]
        x, y, current = 1, 0, lanes[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, lanes[x][y] = lanes[x][y], _rotate(current, (step + 1) * (step + 2) // 2)
        for y in range(5):
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        for bit in range(7):
            feedback = ((feedback << 1) ^ ((feedback >> 7) * 0x71)) % 256
            if feedback & 2:
                lanes[0][0] ^= 1 << ((1 << bit) - 1)
    return lanes


def keccak256(data):
    """Keccak-256 with its original padding (0x01), which is not SHA3-256's."""
    rate = 136
    padded = bytearray(data) + b"\x01" + b"\x00" * (-(len(data) + 1) % rate)
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), rate):
        for index in range(rate // 8):
            word = int.from_bytes(padded[start + 8 * index : start + 8 * index + 8], "little")
            lanes[index % 5][index // 5] ^= word
        lanes = _permute(lanes)
    return b"".join(lanes[index % 5][index // 5].to_bytes(8, "little") for index in range(4))


def address(point):
    """`0x` and 40 digits with the checksum of EIP-55."""
    raw = keccak256(point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big"))[12:].hex()
    check = keccak256(raw.encode()).hex()
    return "0x" + "".join(d.upper() if int(c, 16) >= 8 else d for d, c in zip(raw, check))
