"""The receiving side to the letter of docs/protocol.md, for the Python node: every fault is a Violation."""

import json
import re
import socket
import struct
import time

import crypto
import wire

DECIMAL = re.compile(rb"[0-9]+\Z")


class Violation(Exception):
    pass


def unique(pairs):
    if len({key for key, _ in pairs}) != len(pairs):
        raise Violation("a key stands twice")
    return dict(pairs)


def parse(data):
    """JSON of bounded depth, without repeated keys and without Python's additions."""
    depth = deepest = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]', data):
        if token[0] in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in (b"]", b"}"):
            depth -= 1
    if deepest > 64:
        raise Violation("nested too deep")

    def constant(name):
        raise Violation(f"{name} is no JSON")

    try:
        return json.loads(data, object_pairs_hook=unique, parse_constant=constant)
    except ValueError as error:
        raise Violation(str(error)) from error


def is_integer(value, low, high):
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def message(body):
    fields = parse(body)
    if not isinstance(fields, dict) or not is_integer(fields.get("type"), 0, 2**64 - 1):
        raise Violation("no type")
    if not is_integer(fields.get("timestamp", 0), -(2**63), 2**63 - 1):
        raise Violation("timestamp")
    payload, signature = fields.get("payload"), fields.get("signature", "")
    payload = "" if payload is None else payload
    if not isinstance(payload, str) or not isinstance(signature, str):
        raise Violation("a value of another kind")
    if len(fields.keys() - {"type", "payload", "timestamp", "signature"}) > 32:
        raise Violation("too many unknown keys")
    if signature and not re.fullmatch("0x[0-9a-fA-F]{130}", signature):
        raise Violation("signature")
    found = wire.Message(body)
    if wire.base64.b64encode(found.payload).decode() != payload:
        raise Violation("base64")
    return found


class Reader:
    """Frames off a socket, at the rate of the limit, none taking more than its allowance."""

    def __init__(self, sock, rate):
        self.sock, self.rate = sock, rate
        self.tokens, self.filled = float(rate), time.monotonic()
        self.buffer = bytearray()
        self.node_id = None

    def first(self):
        found = self._read(time.monotonic() + 10, 64 * 1024)
        if found.kind != wire.HANDSHAKE:
            raise Violation("not a handshake first")
        claimed = json.loads(found.payload).get("NodeID")
        self.node_id = claimed
        self._verify(found)
        return found

    def next(self):
        while self.rate and self.tokens < 1:
            now = time.monotonic()
            self.tokens = min(self.rate, self.tokens + (now - self.filled) * self.rate)
            self.filled = now
            if self.tokens < 1:
                time.sleep(1 / self.rate)
        self.tokens -= 1
        found = self._read(None, wire.MAX_FRAME)
        if 1 <= found.kind <= 9:
            self._verify(found)
        return found

    def _verify(self, found):
        if not found.signature:
            return
        signer = found.signer()
        if signer is None or (self.node_id and signer.lower() != self.node_id.lower()):
            raise Violation("signature")

    def _read(self, deadline, limit):
        (length,) = struct.unpack(">I", self._exactly(4, deadline))
        if not 1 <= length <= limit:
            raise Violation(f"a frame of {length} bytes")
        allowance = 10 + length / (256 * 1024)
        return message(self._exactly(length, deadline or time.monotonic() + allowance))

    def _exactly(self, count, deadline):
        while len(self.buffer) < count:
            if deadline is None and self.buffer:
                deadline = time.monotonic() + 10
            self.sock.settimeout(None if deadline is None else max(0.01, deadline - time.monotonic()))
            try:
                piece = self.sock.recv(1 << 16)
            except TimeoutError as error:
                raise Violation("too slow") from error
            if not piece:
                raise EOFError
            self.buffer += piece
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken


def handshake(found, chain_id, own_nonce, own_rules=None):
    if len(found.payload) > 32 * 1024:
        raise Violation("too long")
    fields = {}
    for key, value in an_object(found.payload).items():
        name = key.lower().replace("_", "")
        if name in fields:
            raise Violation("a key in two spellings")
        fields[name] = value
    bounds = {"version": 64, "chainid": 128, "nodetype": 32, "listenaddr": 259, "nodeid": 42, "nonce": 20, "rules": 66}
    for name, bound in bounds.items():
        text = fields.get(name) or ""
        if not isinstance(text, str) or len(text.encode()) > bound or re.search(r"[\x00-\x1f\x7f]", text):
            raise Violation(name)
    if not re.fullmatch(r"v?1\.[0-9]+\.[0-9]+([-+].*)?", fields.get("version") or ""):
        raise Violation("version")
    if (fields.get("chainid") or "").lower() != chain_id:
        raise Violation("another chain")
    if not is_integer(fields.get("height") or 0, 0, 2**64 - 1):
        raise Violation("height")
    if fields.get("nodeid") and not re.fullmatch("0x[0-9a-fA-F]{40}", fields["nodeid"]):
        raise Violation("NodeID")
    rules = fields.get("rules") or ""
    if rules and not re.fullmatch("0x[0-9a-fA-F]{64}", rules):
        raise Violation("rules")
    if rules and own_rules and rules.lower() != own_rules:
        raise Violation("other rules")
    nonce = fields.get("nonce") or "0"
    if not nonce.isdigit() or int(nonce) >= 2**64 or nonce == own_nonce:
        raise Violation("nonce")
    names = fields.get("capabilities") or []
    if not isinstance(names, list) or len(names) > 32 or not all(isinstance(n, str) and len(n) <= 32 for n in names):
        raise Violation("capabilities")
    return {"Capabilities": names}


def an_object(payload):
    value = parse(payload)
    if not isinstance(value, dict):
        raise Violation("not an object")
    return value


def block_request(payload):
    """(first, last, is_single)"""
    parts = payload.split(b"-", 1)
    if len(payload) > 41 or not all(DECIMAL.match(part) for part in parts):
        raise Violation("no height and no range")
    first, last = int(parts[0]), int(parts[-1])
    if first > last or last >= 2**64:
        raise Violation("no range")
    return first, min(last, first + 99), len(parts) == 1


def ping(payload):
    fields = an_object(payload)
    nonce = fields.get("nonce")
    if not isinstance(nonce, str) or not nonce.isdigit() or not is_integer(fields.get("height", 0), 0, 2**64 - 1):
        raise Violation("ping")
    return nonce


def peer_list(payload):
    """None for a request."""
    if not payload:
        return None
    entries = parse(payload)
    entries = [] if entries is None else entries
    if not isinstance(entries, list) or len(entries) > 1000 or not all(isinstance(entry, str) for entry in entries):
        raise Violation("peer list")
    return entries


def batch(payload):
    entries = parse(payload) or []
    if not isinstance(entries, list) or len(entries) > 100 or not all(isinstance(e, dict) for e in entries):
        raise Violation("batch")
    return entries
