#!/usr/bin/env python3
"""Tests of the Python peer: its cryptography and JSON against the vectors, its checks against the Python node and
against nodes that misbehave. `python3 Tests/Peer/test_peer.py`"""

import base64
import hashlib
import json
import os
import struct
import sys
import threading
import types
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import checks  # noqa: E402
import checks_honest  # noqa: E402, F401
import checks_hostile  # noqa: E402, F401
import crypto  # noqa: E402
import ledger  # noqa: E402
import node  # noqa: E402
import strict  # noqa: E402
import wire  # noqa: E402

VECTORS = os.path.join(HERE, "..", "Vectors")


def vectors(name):
    with open(os.path.join(VECTORS, name), "rb") as file:
        return json.load(file)


GENESIS = ledger.Genesis(os.path.join(VECTORS, "genesis.json"))


class Cryptography(unittest.TestCase):
    def test_keccak_of_nothing(self):
        self.assertEqual(crypto.keccak256(b"").hex(), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")

    def test_keys_signatures_and_recovery_are_gos(self):
        for key in vectors("crypto.json")["keys"][:4]:
            secret = int(key["private_key"], 16)
            self.assertEqual(crypto.address(crypto.public_key(secret)), key["address"])
            for entry in key["signatures"][:1]:
                digest = bytes.fromhex(entry["hash"])
                self.assertEqual(crypto.sign(secret, digest).hex(), entry["signature"])
                found = crypto.recover(bytes.fromhex(entry["signature"]), digest)
                self.assertEqual(crypto.address(found), entry["recovered_address"])


class Ledger(unittest.TestCase):
    def test_hashes_of_the_vector_chain(self):
        texts = node.read_blocks(os.path.join(VECTORS, "chain-130.jsonl.gz"))
        index = vectors("blocks.json")["chain"]["index"]
        self.assertEqual(len(texts), 131)
        for text, entry in zip(texts, index):
            self.assertEqual(ledger.block_hash(json.loads(text)).hex(), entry["hash"])
            self.assertEqual(ledger.go_json(json.loads(text)), text)
        blocks = [json.loads(text) for text in texts]
        ledger.check_chain(blocks)
        ledger.check_producer(blocks[1])
        transaction = blocks[1]["transactions"][0]
        self.assertEqual(ledger.encode_bytes(ledger.transaction_hash(transaction)), transaction["id"])

    def test_a_chain_with_a_gap_is_found(self):
        blocks = [json.loads(text) for text in node.read_blocks(os.path.join(VECTORS, "chain-130.jsonl.gz"))[:4]]
        with self.assertRaises(ValueError):
            ledger.check_chain([blocks[0], blocks[2]])

    def test_a_transaction_of_ours_is_well_formed(self):
        transaction = ledger.set_transaction(7, "<k>", b"v", 1, timestamp=5)
        signer = crypto.recover(base64.b64decode(transaction["signature"]), ledger.transaction_hash(transaction))
        self.assertEqual(crypto.address(signer), transaction["from"])


    def test_the_order_of_authorities_changes_the_rules_and_not_the_block(self):
        genesis = ledger.Genesis(os.path.join(VECTORS, "genesis.json"))
        before = genesis.rules_hash
        genesis.authorities.reverse()
        self.assertNotEqual(genesis.rules_hash, before)
        genesis.authorities.reverse()
        genesis.config["gas_config"] = {"per_byte_fee": "+010", "base_fee": ""}
        self.assertEqual(genesis.rules_hash, before)


class Strictness(unittest.TestCase):
    def test_what_is_wrong_is_refused(self):
        bodies = ["", "[]", "{}", '{"type":1,"type":1}', '{"type":1}x', '{"type":-1}', '{"type":1.0}', '{"type":true}']
        bodies += ['{"type":1,"payload":%s}' % value for value in ("{}", "[]", "0", "false", '"A"', '"MB=="')] + ['{"type":1,"x":NaN}']
        for body in bodies:
            with self.assertRaises((strict.Violation, ValueError), msg=body):
                strict.message(body.encode())

    def test_what_is_right_is_read(self):
        found = strict.message(wire.envelope(3, b"42", secret=5))
        self.assertEqual((found.kind, found.payload), (3, b"42"))
        self.assertEqual(found.signer(), crypto.address(crypto.public_key(5)))


def options(**values):
    return types.SimpleNamespace(
        **{"rate": 100, "seed": 1, "genesis": None, "authority_key": None, "tx_key": None, "next_block": None, **values}
    )


class Checks(unittest.TestCase):
    """Every check passes against the Python node, and fails against one that is wrong."""

    def start(self, count=11):
        self.texts = node.read_blocks(os.path.join(VECTORS, "chain-130.jsonl.gz"))
        server = node.Node(node.Chain(self.texts[:count]), rules=GENESIS.rules_hash)
        self.addCleanup(server.stop)
        return server

    def run_checks(self, endpoint, chain_id, only, **values):
        lines = []
        run = checks.Run(endpoint, chain_id, options(**values))
        return checks.run_all(run, only, out=lines.append), lines

    def test_all_pass_against_the_python_node(self):
        server = self.start()
        secret = int.from_bytes(hashlib.sha256(b"podoru-vector-key-100").digest(), "big")
        by_height = dict(enumerate(self.texts))
        failures, lines = self.run_checks(
            server.endpoint, server.chain.chain_id, None, next_block=by_height.get, authority_key=[secret], tx_key=secret,
            genesis=GENESIS,
        )
        for line in lines:
            print(line)
        self.assertEqual(failures, 0)

    def test_another_chain_id_fails(self):
        server = self.start()
        failures, lines = self.run_checks(server.endpoint, "0x" + "00" * 32, ["its handshake first"])
        self.assertGreaterEqual(failures, 1, lines)

    def test_a_node_without_limits_fails(self):
        server = self.start()
        server.rate = 0
        failures, lines = self.run_checks(server.endpoint, server.chain.chain_id, ["250 messages"])
        self.assertEqual(failures, 1, lines)

    def test_a_node_that_forgives_everything_fails(self):
        server = self.start()
        saved = strict.message, strict.block_request
        self.addCleanup(lambda: (setattr(strict, "message", saved[0]), setattr(strict, "block_request", saved[1])))
        strict.message = wire.Message
        strict.block_request = lambda payload: (0, 0, True)
        failures, lines = self.run_checks(
            server.endpoint, server.chain.chain_id, ["stray bits", "request 'abc'", "JSON text that ends early"]
        )
        self.assertEqual(failures, 2, lines)

    def test_a_node_that_dies_of_hostility_fails(self):
        server = self.start()
        relay = strict.ping

        def die(payload):
            if b"nonce" not in payload:
                for peer in list(server.peers):
                    peer.close()
                server.listener.close()
            return relay(payload)

        strict.ping = die
        self.addCleanup(lambda: setattr(strict, "ping", relay))
        failures, lines = self.run_checks(server.endpoint, server.chain.chain_id, ["ping without nonce"])
        self.assertGreaterEqual(failures, 1, lines)
        self.assertTrue(any("no longer served" in line or "no honest peer" in line for line in lines), lines)

    def test_frames_are_cut_before_they_are_read(self):
        server = self.start()
        connection = wire.Connection.dial(server.endpoint)
        connection.introduce(server.chain.chain_id)
        connection.send_raw(struct.pack(">I", wire.MAX_FRAME + 1))
        self.assertIsNotNone(connection.wait_closed(2))
        connection.close()


if __name__ == "__main__":
    threading.excepthook = lambda args: None
    unittest.main(verbosity=1)
