"""What no peer may do, and what becomes of it. `check` runs an honest connection beside each."""

import struct
import time

import crypto
import ledger
import wire
from checks import PROMPT, as_json, check, demand, random_secret
from wire import BATCH, BLOCK, BLOCK_REQUEST, BLOCK_RESPONSE, Closed, HANDSHAKE, PEER_LIST, PING, PONG, TRANSACTION


def body_closes(name, body):
    """A body that, sent after the handshake, must close the connection."""
    check(name)(lambda run: run.closes_after(body))


def payload_closes(name, kind, payload):
    body_closes(name, wire.envelope(kind, payload))


def raw_closes(name, data):
    @check(name)
    def send(run):
        connection = run.peer()
        connection.send_raw(data)
        return run.expect_closed(connection)


# Frames

raw_closes("length 0 closes", struct.pack(">I", 0))
raw_closes("a length one over the cap closes at its four bytes", struct.pack(">I", wire.MAX_FRAME + 1))
raw_closes("a length of 4 GiB closes at its four bytes", b"\xff\xff\xff\xff")
raw_closes("an HTTP request closes", b"GET / HTTP/1.1\r\nHost: node\r\n\r\n")


@check("length 0 before the handshake closes")
def zero_first(run):
    connection = run.dial()
    connection.send_raw(struct.pack(">I", 0))
    return run.expect_closed(connection)


@check("half a length prefix for ever closes within 30 s", slow=True)
def half_prefix(run):
    connection = run.peer(is_honest=False)
    connection.send_raw(b"\x00\x00")
    return run.expect_closed(connection, 30)


@check("half a frame for ever closes within 30 s")
def half_frame(run):
    connection = run.peer(is_honest=False)
    connection.send_raw(wire.frame(wire.envelope(BLOCK_REQUEST, b"0"))[:-3])
    return run.expect_closed(connection, 30)


@check("a frame of 10 MiB that comes a byte a second closes within 70 s", slow=True)
def trickle(run):
    connection = run.peer(is_honest=False)
    connection.send_raw(struct.pack(">I", wire.MAX_FRAME) + b"{")
    start = time.monotonic()
    while connection.closed_at is None and time.monotonic() < start + 70:
        time.sleep(1)
        try:
            connection.send_raw(b" ")
            run.witness.ping()
        except Closed:
            break
    return run.expect_closed(connection, 1)


@check("twenty halves of 10 MiB frames leave others served")
def many_halves(run):
    count = 20 if run.endpoint[0].startswith("127.") else 2
    halves = [run.peer(is_honest=False) for _ in range(count)]
    for connection in halves:
        try:
            connection.send_raw(struct.pack(">I", wire.MAX_FRAME) + bytes(100_000))
        except Closed:
            pass
    time.sleep(1)
    run.ask_witness()
    return f"{sum(c.closed_at is None for c in halves)} of {count} still open"


# Envelopes

body_closes("bytes that are no JSON close", b"\x00\x01\x02\xff")
body_closes("an empty object closes", b"{}")
body_closes("an array closes", b"[1,2,3]")
body_closes("a JSON text that ends early closes", b'{"type":3,"payload":"MA=="')
body_closes("a trailing comma closes", b'{"type":3,"payload":"MA==",}')
body_closes("bytes after the object close", b'{"type":3,"payload":"MA=="}{}')
body_closes("a zero byte after the object closes", b'{"type":3,"payload":"MA=="}\x00')
body_closes("a key twice closes", b'{"type":3,"type":3,"payload":"MA=="}')
body_closes("a key twice, once escaped, closes", b'{"type":3,"t\\u0079pe":3,"payload":"MA=="}')
body_closes("an unknown key twice closes", b'{"type":3,"payload":"MA==","x":1,"x":1}')
body_closes("nesting one deeper than 64 closes", b'{"type":3,"x":' + b"[" * 64 + b"]" * 64 + b"}")
body_closes("nesting of 100,000 arrays closes", b'{"type":3,"x":' + b"[" * 100_000)
body_closes("nesting of 100,000 objects closes", b'{"type":3,"x":' + b'{"a":' * 100_000)
body_closes("a thousand unknown keys close", b'{"type":3' + b"".join(b',"k%d":0' % n for n in range(1000)) + b"}")
body_closes("no type closes", b'{"payload":"MA=="}')
body_closes("a type as text closes", b'{"type":"3","payload":"MA=="}')
body_closes("a negative type closes", b'{"type":-1,"payload":"MA=="}')
body_closes("a type with a fraction closes", b'{"type":3.0,"payload":"MA=="}')
body_closes("a timestamp as text closes", b'{"type":3,"payload":"MA==","timestamp":"1"}')
body_closes("a payload as number closes", b'{"type":3,"payload":5}')
body_closes("a payload as object (the Go dialect) closes", b'{"type":11,"payload":{},"from":""}')
body_closes("base64 without padding closes", b'{"type":3,"payload":"MA"}')
body_closes("base64 with a foreign character closes", b'{"type":3,"payload":"M*=="}')
body_closes("base64 with a line break closes", b'{"type":3,"payload":"MA==\\n"}')
body_closes("base64 with stray bits closes", b'{"type":3,"payload":"MB=="}')
body_closes("a signature that is no hex closes", b'{"type":3,"payload":"MA==","signature":"0xzz"}')
body_closes("a short signature closes", b'{"type":3,"payload":"MA==","signature":"0x00"}')
body_closes("a signature of nobody closes", b'{"type":3,"payload":"MA==","signature":"0x' + b"00" * 65 + b'"}')


@check("a message signed by another key than the NodeID closes")
def foreign_signature(run):
    secret = random_secret()
    connection = run.peer(secret=secret, NodeID=crypto.address(crypto.public_key(secret)))
    connection.send(BLOCK_REQUEST, b"0", secret=random_secret())
    return run.expect_closed(connection)


# Handshakes


def first_message_closes(name, body, within=PROMPT, needs=None):
    @check(name, needs=needs)
    def send(run):
        connection = run.dial()
        connection.send_body(body(run) if callable(body) else body)
        return run.expect_closed(connection, within)


def hello(**fields):
    return lambda run: wire.envelope(HANDSHAKE, wire.handshake(run.chain_id, **fields))


first_message_closes("a request before the handshake closes", wire.envelope(BLOCK_REQUEST, b"0"))
first_message_closes("an unknown type before the handshake closes", wire.envelope(200))
first_message_closes("an empty handshake closes", wire.envelope(HANDSHAKE))
first_message_closes("a handshake without chain closes", wire.envelope(HANDSHAKE, b'{"Version":"1.0.0"}'))
first_message_closes("a handshake of another chain closes", wire.envelope(HANDSHAKE, wire.handshake("0x" + "ab" * 32)))
first_message_closes("another major version closes", hello(Version="99.0.0"))
first_message_closes("a version that is none closes", hello(Version="latest"))
first_message_closes("a height as text closes", hello(Height="5"))
first_message_closes("a NodeID that is no address closes", hello(NodeID="0x12"))
first_message_closes("a nonce over 64 bits closes", hello(Nonce=str(2**64)))
first_message_closes("a thousand capabilities close", hello(Capabilities=["x"] * 1000))
first_message_closes("a version of 10,000 bytes closes", hello(Version="1.0.0-" + "x" * 10_000))
first_message_closes("other rules of the same chain close", hello(Rules="0x" + "ab" * 32), needs="genesis")
first_message_closes("rules that are no hash close", hello(Rules="0x12"))
first_message_closes("rules of another kind close", hello(Rules=7))
first_message_closes("a line break in a handshake closes", hello(NodeType="full\nproducer"))
first_message_closes(
    "a key twice in two spellings closes",
    lambda run: wire.envelope(HANDSHAKE, wire.handshake(run.chain_id, chain_id=run.chain_id)),
)


@check("a frame of 1 MiB before the handshake closes at its four bytes")
def large_first(run):
    connection = run.dial()
    connection.send_raw(struct.pack(">I", 1 << 20))
    return run.expect_closed(connection)


@check("no handshake within 10 s closes")
def silence(run):
    connection = run.dial()
    took = connection.wait_closed(20)
    demand(took is not None, "it is still open after 20 s")
    demand(took > 5, f"closed after only {took:.1f} s")
    return f"closed after {took:.1f} s"


@check("a handshake with the node's own nonce closes")
def own_nonce(run):
    connection = run.dial()
    nonce = connection.expect(HANDSHAKE, PROMPT).json().get("Nonce")
    demand(nonce, "the node sends no nonce")
    connection.send(HANDSHAKE, wire.handshake(run.chain_id, Nonce=nonce))
    return run.expect_closed(connection)


@check("a handshake signed by another key than its NodeID closes")
def impostor(run):
    connection = run.dial()
    claimed = crypto.address(crypto.public_key(random_secret()))
    connection.send(HANDSHAKE, wire.handshake(run.chain_id, NodeID=claimed), secret=random_secret())
    return run.expect_closed(connection)


@check("a second handshake closes")
def second_handshake(run):
    connection = run.peer()
    connection.send(HANDSHAKE, wire.handshake(run.chain_id))
    return run.expect_closed(connection)


# Payloads

for _text in (b"", b"abc", b"-5", b"5-", b"200-100", b"1-2-3", b" 1", b"+1", b"0x10", b"1e3", b"18446744073709551616", b"9" * 5000):
    payload_closes(f"the block request {_text[:24].decode()!r} closes", BLOCK_REQUEST, _text)

payload_closes("a peer list that is an object closes", PEER_LIST, b"{}")
payload_closes("a peer list of numbers closes", PEER_LIST, b"[1,2]")
payload_closes("a peer list of 1001 entries closes", PEER_LIST, as_json(["192.0.2.1:9000"] * 1001))
payload_closes("a block that is no JSON closes", BLOCK, b"block")
payload_closes("a block that is an array closes", BLOCK, b"[]")
payload_closes("a ping without nonce closes", PING, b'{"height":1}')
payload_closes("a ping with a nonce as number closes", PING, b'{"nonce":1,"height":1}')
payload_closes("a pong that is no JSON closes", PONG, b"pong")
payload_closes("a batch of 101 transactions closes", BATCH, b"[" + b",".join([b"{}"] * 101) + b"]")
payload_closes("a batch of numbers closes", BATCH, b"[1,2,3]")


@check("a peer list of nonsense endpoints is survived")
def nonsense_endpoints(run):
    connection = run.peer()
    connection.send(PEER_LIST, as_json(["", "x", "1.2.3.4:0", "0.0.0.0:1", "[::]:1", "a" * 5000, "1.2.3.4:99999", "-:1"]))
    return run.expect_served(connection)


def survived(name, kind, payload):
    @check(name)
    def send(run):
        connection = run.peer()
        connection.send(kind, payload)
        return run.whatever(connection)


survived("a transaction that is no JSON is survived", TRANSACTION, b"transaction")
survived("an empty transaction is survived", TRANSACTION, b"{}")
survived("a transaction of null operations is survived", TRANSACTION, b'{"from":"","data":{"operations":[null]}}')
survived("a batch of empty transactions is survived", BATCH, b"[{},{},{}]")
survived("a block without header is survived", BLOCK, b'{"transactions":[null]}')
survived("a block of height 2^64-1 is survived", BLOCK, b'{"header":{"height":18446744073709551615},"transactions":null}')
survived("an answer that nobody asked for is survived", BLOCK_RESPONSE, b"[{}]")
survived("an answer that is no JSON is survived", BLOCK_RESPONSE, b"\x00\x01")


@check("a boast of height 2^64-1 is survived")
def boast(run):
    connection = run.peer(Height=2**64 - 1)
    time.sleep(1)
    return run.whatever(connection)


@check("a block with a wrong state root closes and is not relayed", needs="authority_key")
def wrong_block(run):
    sender, third = run.peer(), run.peer()
    _, parent = run.tip(sender)
    blocks = [ledger.empty_block(parent, secret, run.options.genesis) for secret in run.options.authority_key]
    block, secret = next((pair for pair in zip(blocks, run.options.authority_key) if pair[0]), (None, None))
    demand(block, "no key's turn is near")
    block["header"]["state_root"] = ledger.encode_bytes(b"\x01" * 32)
    block["signature"] = ledger.encode_bytes(crypto.sign(secret, ledger.block_hash(block)))
    text = ledger.go_json(block)
    sender.send(BLOCK, text)
    outcome = run.expect_closed(sender)
    demand(not any(message.payload == text for message in third.unread()), "it was relayed")
    return outcome


# Floods


@check("10,000 messages at once leave others served")
def flood(run):
    connection = run.peer()
    connection.send_raw(wire.frame(wire.envelope(200)) * 10_000)
    slowest = max(run.ask_witness() for _ in range(10))
    return f"{run.whatever(connection)}, slowest answer to others {slowest * 1000:.0f} ms"


@check("a flood for a minute ends in a disconnection", slow=True)
def long_flood(run):
    connection = run.peer()
    data = wire.frame(wire.envelope(200)) * 100
    start = time.monotonic()
    while connection.closed_at is None and time.monotonic() < start + 90:
        try:
            connection.sock.settimeout(0.5)
            connection.sock.sendall(data)
        except TimeoutError:
            run.witness.ping()
        except OSError:
            break
    return run.expect_closed(connection, 5)


@check("a thousand ranges that are asked for and never read leave others served")
def never_reads(run):
    connection = run.dial(is_reading=False)
    connection.send(HANDSHAKE, wire.handshake(run.chain_id))
    try:
        connection.send_raw(wire.frame(wire.envelope(BLOCK_REQUEST, b"0-99")) * 1000)
    except Closed:
        pass
    slowest = max(run.ask_witness() for _ in range(5))
    return f"slowest answer to others {slowest * 1000:.0f} ms"


@check("random bytes from fifty connections are survived")
def noise(run):
    import random

    generator = random.Random(run.options.seed)
    count = 50 if run.endpoint[0].startswith("127.") else 3
    for number in range(count):
        connection = run.dial() if number % 2 else run.peer()
        try:
            connection.send_raw(generator.randbytes(generator.randrange(1, 5000)))
            body = bytearray(wire.envelope(generator.randrange(12), generator.randbytes(50)))
            body[generator.randrange(len(body))] = generator.randrange(256)
            connection.send_body(bytes(body))
        except Closed:
            pass
        connection.close()
    return f"seed {run.options.seed}"
