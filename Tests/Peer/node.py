"""A small node in Python: listens, shakes hands, serves a chain from a file, relays what it is sent. Nodes of any
language can sync from it; the checks are tested against it. It validates no more than that blocks link up."""

import gzip
import json
import os
import socket
import threading
import time

import ledger
import wire
from wire import BATCH, BLOCK, BLOCK_REQUEST, BLOCK_RESPONSE, Connection, HANDSHAKE, PEER_LIST, PING, PONG, TRANSACTION

import strict


def read_blocks(path):
    """The blocks of a file with one JSON a line, as text."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        return [line.strip() for line in file if line.strip()]


class Chain:
    def __init__(self, texts):
        self.texts = list(texts)
        blocks = [json.loads(text) for text in self.texts]
        ledger.check_chain(blocks)
        self.hashes = [ledger.block_hash(block) for block in blocks]
        self.state_root = blocks[-1]["header"]["state_root"]
        self.lock = threading.Lock()

    @property
    def chain_id(self):
        return "0x" + self.hashes[0].hex()

    @property
    def height(self):
        return len(self.texts) - 1

    def answer(self, first, last, is_single):
        piece = self.texts[first : last + 1]
        if is_single:
            return piece[0] if piece else b""
        while sum(map(len, piece)) > 7_000_000:
            piece.pop()
        return b"[" + b",".join(piece) + b"]"

    def add(self, text):
        """Whether the block is new and on top. Raises ValueError when it is bad."""
        block = json.loads(text)
        if ledger.height(block) != self.height + 1 or ledger.previous_hash(block) != self.hashes[-1]:
            return False
        ledger.check_producer(block)
        if not block["transactions"] and block["header"]["state_root"] != self.state_root:
            raise ValueError("an empty block changes the state")
        with self.lock:
            self.texts.append(text)
            self.hashes.append(ledger.block_hash(block))
            self.state_root = block["header"]["state_root"]
        return True


class Node:
    def __init__(self, chain, host="127.0.0.1", port=0, rate=100, rules=None):
        self.chain = chain
        self.rules = rules
        self.rate = rate
        self.nonce = str(int.from_bytes(os.urandom(8), "big"))
        self.peers = {}
        self.listener = socket.create_server((host, port))
        self.endpoint = self.listener.getsockname()[:2]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        connection = Connection(sock, is_reading=False)
        reader = strict.Reader(sock, self.rate)
        try:
            connection.send(HANDSHAKE, wire.handshake(self.chain.chain_id, Height=self.chain.height, Nonce=self.nonce, Rules=self.rules))
            hello = strict.handshake(reader.first(), self.chain.chain_id, self.nonce, self.rules)
            self.peers[connection] = hello.get("Capabilities") or []
            while True:
                self._take(reader.next(), connection)
        except (strict.Violation, ValueError, KeyError, TypeError, EOFError, OSError, wire.Closed):
            pass
        finally:
            self.peers.pop(connection, None)
            connection.close()

    def _take(self, message, sender):
        kind, payload = message.kind, message.payload
        if kind == HANDSHAKE:
            raise strict.Violation("a second handshake")
        if kind == BLOCK_REQUEST:
            sender.send(BLOCK_RESPONSE, self.chain.answer(*strict.block_request(payload)))
        elif kind == PING:
            nonce = strict.ping(payload)
            sender.send(PONG, json.dumps({"nonce": nonce, "height": self.chain.height}).encode())
        elif kind == PONG:
            strict.ping(payload)
        elif kind == PEER_LIST:
            if strict.peer_list(payload) is None:
                sender.send(PEER_LIST, b"[]")
        elif kind == BLOCK:
            strict.an_object(payload)
            if "header" in json.loads(payload) and self.chain.add(payload):
                self._relay(BLOCK, payload, sender)
        elif kind == TRANSACTION:
            self._relay(TRANSACTION, payload, sender)
        elif kind == BATCH:
            for transaction in strict.batch(payload):
                self._relay(TRANSACTION, ledger.go_json(transaction), sender)

    def _relay(self, kind, payload, sender):
        for peer in list(self.peers):
            if peer is not sender:
                try:
                    peer.send(kind, payload)
                except wire.Closed:
                    pass


def serve(path, host, port):
    node = Node(Chain(read_blocks(path)), host, port)
    print(f"serving heights 0 to {node.chain.height} of chain {node.chain.chain_id} on {node.endpoint[0]}:{node.endpoint[1]}", flush=True)
    while True:
        time.sleep(3600)
