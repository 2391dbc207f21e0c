"""Frames, envelopes and connections of the Podoru wire protocol (docs/protocol.md), with blocking sockets and one
reading thread a connection."""

import base64
import hashlib
import json
import os
import queue
import socket
import struct
import threading
import time

import crypto

BLOCK, TRANSACTION, BLOCK_REQUEST, BLOCK_RESPONSE, PEER_LIST, HANDSHAKE, BATCH, PING, PONG = range(1, 10)
MAX_FRAME = 10 * 1024 * 1024
VERSION = "1.0.0"


class Closed(Exception):
    """The other side closed the connection."""


class Timeout(Exception):
    """Nothing came in time."""


def frame(body):
    return struct.pack(">I", len(body)) + body


def digest(kind, payload, timestamp):
    return hashlib.sha256(bytes([kind]) + payload + struct.pack(">q", timestamp)).digest()


def envelope(kind, payload=b"", timestamp=None, secret=None, **extra):
    timestamp = int(time.time()) if timestamp is None else timestamp
    message = {"type": kind, "payload": base64.b64encode(payload).decode(), "timestamp": timestamp}
    if secret is not None:
        message["signature"] = "0x" + crypto.sign(secret, digest(kind, payload, timestamp)).hex()
    message.update(extra)
    return json.dumps(message, separators=(",", ":")).encode()


def handshake(chain, **fields):
    values = {
        "Version": VERSION,
        "ChainID": chain,
        "Height": 0,
        "NodeType": "full",
        "ListenAddr": "",
        "Capabilities": ["ping"],
        "Nonce": str(int.from_bytes(os.urandom(8), "big")),
    }
    values.update(fields)
    return json.dumps({key: value for key, value in values.items() if value is not None}).encode()


class Message:
    def __init__(self, body):
        def unique(pairs):
            if len({key for key, _ in pairs}) != len(pairs):
                raise ValueError("a key stands twice")
            return dict(pairs)

        fields = json.loads(body, object_pairs_hook=unique)
        self.kind = fields["type"]
        self.payload = base64.b64decode(fields.get("payload") or "", validate=True)
        self.timestamp = fields.get("timestamp", 0)
        self.signature = fields.get("signature") or None
        if not isinstance(self.kind, int) or not isinstance(self.timestamp, int):
            raise ValueError("type and timestamp must be integers")

    def json(self):
        return json.loads(self.payload)

    def signer(self):
        """The address that signed the envelope; None when it is unsigned or badly signed."""
        if not self.signature:
            return None
        point = crypto.recover(bytes.fromhex(self.signature[2:]), digest(self.kind, self.payload, self.timestamp))
        return crypto.address(point) if point else None


class Connection:
    """One TCP connection: sends anything, reads frames in a thread, answers probes when it is an honest peer."""

    def __init__(self, sock, is_honest=True, is_reading=True):
        self.sock = sock
        self.is_honest = is_honest
        self.inbox = queue.Queue()
        self.backlog = []
        self.closed_at = None
        self.closed_how = None
        self.height = 0
        self.lock = threading.Lock()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if is_reading:
            threading.Thread(target=self._read, daemon=True).start()

    @classmethod
    def dial(cls, endpoint, timeout=5, **options):
        return cls(socket.create_connection(endpoint, timeout=timeout), **options)

    # Sending

    def send_raw(self, data):
        """Sends bytes as they are; raises Closed when the other side has gone."""
        try:
            with self.lock:
                self.sock.settimeout(30)
                self.sock.sendall(data)
        except OSError as error:
            raise Closed(str(error)) from error

    def send_body(self, body):
        self.send_raw(frame(body))

    def send(self, kind, payload=b"", **options):
        self.send_body(envelope(kind, payload, **options))

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

    # Receiving

    def _read(self):
        how = "end of stream"
        try:
            while True:
                (length,) = struct.unpack(">I", self._exactly(4))
                if not 1 <= length <= MAX_FRAME:
                    how = f"a frame of {length} bytes came"
                    break
                self._arrived(Message(self._exactly(length)))
        except EOFError:
            pass
        except OSError as error:
            how = error.strerror or "reset"
        except (ValueError, KeyError, TypeError) as error:
            how = f"a malformed message came: {error}"
        self.closed_at, self.closed_how = time.monotonic(), how
        self.inbox.put(None)

    def _exactly(self, count):
        parts = bytearray()
        while len(parts) < count:
            try:
                piece = self.sock.recv(min(count - len(parts), 1 << 20))
            except TimeoutError:
                continue
            if not piece:
                raise EOFError
            parts += piece
        return bytes(parts)

    def _arrived(self, message):
        if self.is_honest:
            try:
                if message.kind == PING:
                    answer = {"nonce": message.json()["nonce"], "height": self.height}
                    return self.send(PONG, json.dumps(answer).encode())
                if message.kind == PEER_LIST and not message.payload:
                    return self.send(PEER_LIST, b"[]")
            except Closed:
                pass
        self.inbox.put(message)

    def expect(self, matches, timeout=10):
        """The next message for which `matches` holds; others wait for later calls."""
        if isinstance(matches, int):
            kind = matches
            matches = lambda message: message.kind == kind
        for index, message in enumerate(self.backlog):
            if matches(message):
                return self.backlog.pop(index)
        deadline = time.monotonic() + timeout
        while True:
            try:
                message = self.inbox.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise Timeout(f"no answer within {timeout} s") from None
            if message is None:
                self.inbox.put(None)
                raise Closed(self.closed_how)
            if matches(message):
                return message
            self.backlog.append(message)

    def unread(self):
        """The messages that came and nobody expected yet."""
        return self.backlog + [message for message in list(self.inbox.queue) if message]

    def wait_closed(self, timeout):
        """Seconds until the other side closed, or None when it did not."""
        start = time.monotonic()
        while time.monotonic() < start + timeout:
            if self.closed_at is not None:
                return max(0.0, self.closed_at - start)
            time.sleep(0.02)
        return None

    # Talking

    def introduce(self, chain_id=None, timeout=5, secret=None, **fields):
        """Shakes hands; `chain_id` None repeats what the other side says. Returns the other side's handshake."""
        hello = None
        if chain_id is None:
            hello = self.expect(HANDSHAKE, timeout).json()
            chain_id = hello["ChainID"]
        self.send(HANDSHAKE, handshake(chain_id, **fields), secret=secret)
        return hello or self.expect(HANDSHAKE, timeout).json()

    def request(self, what, timeout=10):
        """The payload that answers a BlockRequest."""
        self.send(BLOCK_REQUEST, str(what).encode())
        return self.expect(BLOCK_RESPONSE, timeout).payload

    def block(self, height, timeout=10):
        payload = self.request(height, timeout)
        return json.loads(payload) if payload else None

    def fetch(self, first, last, timeout=30):
        """All blocks of a range that the other side has, asking again where an answer was shortened."""
        blocks = []
        while first <= last:
            piece = json.loads(self.request(f"{first}-{last}", timeout))
            if not piece:
                break
            blocks += piece
            first += len(piece)
        return blocks

    def ping(self, timeout=10):
        """The seconds that a Ping took, and the height that the Pong told."""
        nonce = str(int.from_bytes(os.urandom(8), "big"))
        start = time.monotonic()
        self.send(PING, json.dumps({"nonce": nonce, "height": self.height}).encode())
        answer = self.expect(lambda m: m.kind == PONG and m.json()["nonce"] == nonce, timeout)
        return time.monotonic() - start, answer.json()["height"]
