#!/usr/bin/env python3
"""A peer of the Podoru network in Python 3 and its standard library, written from docs/protocol.md alone.

  podoru_peer.py check HOST:PORT --chain-id ID    every behaviour of the page, honest and hostile: PASS or FAIL a line
  podoru_peer.py hello HOST:PORT                  the node's handshake
  podoru_peer.py fetch HOST:PORT FIRST-LAST       blocks, one JSON a line, checked to point to each other
  podoru_peer.py send HOST:PORT FILE              sends blocks (one JSON a line) in order
  podoru_peer.py relay HOST:PORT HOST:PORT        passes new blocks and transactions from one node to the other
  podoru_peer.py halves HOST:PORT                 announces full frames on 50 connections and sends half of each
  podoru_peer.py deaf HOST:PORT FIRST-LAST        asks for blocks on 50 connections and reads no answer
  podoru_peer.py serve BLOCKS --port PORT         a node that serves a file of blocks

Exit codes: 0, 1 when a check failed, 64 usage, 69 no node there."""

import argparse
import json
import random
import select
import struct
import sys
import time

import checks
import checks_honest  # noqa: F401  (registers its checks)
import checks_hostile  # noqa: F401
import ledger
import node
import wire
from wire import BATCH, BLOCK, Closed, Connection, Timeout, TRANSACTION


# Seconds that a node may take to write down what it was sent, on a machine that is busy with other things.
SEND_PATIENCE = 20


def endpoint(text):
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text} is not HOST:PORT")
    return host.strip("[]"), int(port)


def secret_key(text):
    """64 hexadecimal digits, or a file with them."""
    try:
        return int(text, 16)
    except ValueError:
        with open(text, encoding="ascii") as file:
            return int(file.read().strip(), 16)


def connect(where):
    connection = Connection.dial(where)
    return connection, connection.introduce()


def command_check(options):
    if options.list:
        for name, slow, needs, _ in checks.CHECKS:
            print(name + (" (slow)" if slow else "") + (f" (needs {needs})" if needs else ""))
        return 0
    chain_id = options.chain_id
    if chain_id == "auto":
        connection, hello = connect(options.node)
        chain_id = hello["ChainID"]
        connection.close()
    if options.next_blocks:
        texts = node.read_blocks(options.next_blocks)
        by_height = {json.loads(text)["header"]["height"]: text for text in texts}
        options.next_block = by_height.get
    run = checks.Run(options.node, chain_id, options)
    failures = checks.run_all(run, options.only, options.slow, options.part, out=lambda line: print(line, flush=True))
    return 1 if failures else 0


def command_hello(options):
    _, hello = connect(options.node)
    print(json.dumps(hello))
    return 0


def command_fetch(options):
    connection, _ = connect(options.node)
    first, _, last = options.range.partition("-")
    blocks = connection.fetch(int(first), int(last or first))
    ledger.check_chain(blocks)
    for block in blocks:
        print(ledger.go_json(block).decode())
    return 0 if blocks else 1


def command_send(options):
    connection, _ = connect(options.node)
    wanted = 0
    for text in node.read_blocks(options.file)[: options.count]:
        connection.send(BLOCK, text)
        wanted = max(wanted, json.loads(text)["header"]["height"])
        time.sleep(1 / options.rate)
    # A pong tells the height that is on disk, which comes after the relay. A node that refuses a block never gets there.
    deadline = time.monotonic() + SEND_PATIENCE
    _, height = connection.ping()
    while height < wanted and time.monotonic() < deadline:
        time.sleep(0.1)
        _, height = connection.ping()
    print(f"the node is at height {height}")
    return 0


def command_relay(options):
    pair = [connect(options.node)[0], connect(options.other)[0]]
    deadline = time.monotonic() + options.seconds
    count = 0
    while time.monotonic() < deadline:
        for source, sink in (pair, pair[::-1]):
            try:
                message = source.expect(lambda m: m.kind in (BLOCK, TRANSACTION, BATCH), 0.1)
            except Timeout:
                continue
            sink.send(message.kind, message.payload)
            count += 1
    print(f"{count} messages relayed")
    return 0


def command_halves(options):
    """Announces full frames on many connections and sends half of each, as far as the node takes it, while an honest
    connection beside them must be served."""
    run = checks.Run(options.node, connect(options.node)[1]["ChainID"], options)
    half = struct.pack(">I", wire.MAX_FRAME) + bytes(wire.MAX_FRAME // 2)
    pending = {}
    for _ in range(options.count):
        connection = run.peer(is_honest=False)
        connection.sock.setblocking(False)
        pending[connection.sock] = memoryview(half)
    run.renew_witness()
    deadline = time.monotonic() + options.seconds
    while time.monotonic() < deadline:
        for sock in select.select([], list(pending), [], 0.05)[1]:
            try:
                pending[sock] = pending[sock][sock.send(pending[sock][: 1 << 18]) :]
            except BlockingIOError:
                continue
            if not pending[sock]:
                del pending[sock]
        run.ask_witness()
    print(f"{options.count - len(pending)} of {options.count} halves were taken")
    run.close_all()
    return 0


def command_deaf(options):
    """Asks for ranges on many connections and reads no answer, while an honest connection must get its own."""
    run = checks.Run(options.node, connect(options.node)[1]["ChainID"], options)
    requests = wire.frame(wire.envelope(wire.BLOCK_REQUEST, options.range.encode())) * 90
    for _ in range(options.count):
        connection = run.dial(is_reading=False)
        connection.send_raw(wire.frame(wire.envelope(wire.HANDSHAKE, wire.handshake(run.chain_id))))
        time.sleep(0.02)
        connection.send_raw(requests)
    run.renew_witness()
    slowest = 0.0
    deadline = time.monotonic() + options.seconds
    while time.monotonic() < deadline:
        start = time.monotonic()
        checks.demand(json.loads(run.witness.request(options.range, 20)), "the honest connection got no blocks")
        slowest = max(slowest, time.monotonic() - start)
        time.sleep(0.2)
    print(f"slowest answer to an honest peer {slowest:.1f} s")
    run.close_all()
    return 0


def command_serve(options):
    node.serve(options.blocks, options.host, options.port)


def parser():
    result = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = result.add_subparsers(required=True)

    one = commands.add_parser("check")
    one.add_argument("node", type=endpoint)
    one.add_argument("--chain-id", default="auto", help="the node's chain; auto believes its handshake")
    one.add_argument("--slow", action="store_true", help="also the checks that wait for a minute")
    one.add_argument("--only", action="append", help="only checks whose name holds this text")
    one.add_argument("--part", choices=["honest", "hostile"], help="only one part of the checks")
    one.add_argument("--list", action="store_true", help="names the checks")
    one.add_argument("--rate", type=int, default=100, help="the node's message rate; 0 when it has none")
    one.add_argument("--seed", type=int, default=random.randrange(2**32), help="of the random bytes")
    one.add_argument("--genesis", type=ledger.Genesis, help="the chain's genesis file, for turns")
    one.add_argument("--authority-key", action="append", type=secret_key, help="hex or a key file: makes blocks")
    one.add_argument("--tx-key", type=secret_key, help="hex or a key file of an account that can pay: sends a transaction")
    one.add_argument("--next-blocks", help="blocks on top of the node's head, one JSON a line (.gz too): sends the next one")
    one.set_defaults(run=command_check, next_block=None)

    one = commands.add_parser("hello")
    one.add_argument("node", type=endpoint)
    one.set_defaults(run=command_hello)

    one = commands.add_parser("fetch")
    one.add_argument("node", type=endpoint)
    one.add_argument("range", help="FIRST-LAST or HEIGHT")
    one.set_defaults(run=command_fetch)

    one = commands.add_parser("send")
    one.add_argument("node", type=endpoint)
    one.add_argument("file")
    one.add_argument("--rate", type=int, default=50, help="blocks a second")
    one.add_argument("--count", type=int, help="only so many blocks of the file")
    one.set_defaults(run=command_send)

    one = commands.add_parser("relay")
    one.add_argument("node", type=endpoint)
    one.add_argument("other", type=endpoint)
    one.add_argument("--seconds", type=float, default=10)
    one.set_defaults(run=command_relay)

    one = commands.add_parser("halves")
    one.add_argument("node", type=endpoint)
    one.add_argument("--count", type=int, default=50)
    one.add_argument("--seconds", type=float, default=5)
    one.set_defaults(run=command_halves)

    one = commands.add_parser("deaf")
    one.add_argument("node", type=endpoint)
    one.add_argument("range", help="FIRST-LAST")
    one.add_argument("--count", type=int, default=50)
    one.add_argument("--seconds", type=float, default=8)
    one.set_defaults(run=command_deaf)

    one = commands.add_parser("serve")
    one.add_argument("blocks")
    one.add_argument("--host", default="127.0.0.1")
    one.add_argument("--port", type=int, default=9000)
    one.set_defaults(run=command_serve)
    return result


def main():
    try:
        options = parser().parse_args()
    except SystemExit as error:
        return 64 if error.code else 0
    try:
        return options.run(options)
    except (OSError, Closed, Timeout, checks.Failure) as error:
        print(f"podoru_peer: {error}", file=sys.stderr)
        return 69


if __name__ == "__main__":
    sys.exit(main())
