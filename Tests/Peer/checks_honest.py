"""What an honest peer must get."""

import json
import time

import crypto
import ledger
import wire
from checks import PROMPT, as_json, check, demand, random_secret
from wire import BLOCK, BATCH, BLOCK_REQUEST, BLOCK_RESPONSE, HANDSHAKE, PEER_LIST, PING, PONG, TRANSACTION


@check("the node sends its handshake first and unasked")
def handshake_first(run):
    connection = run.dial()
    message = connection.expect(lambda message: True, PROMPT)
    demand(message.kind == HANDSHAKE, f"its first message has type {message.kind}")
    hello = message.json()
    for key, kind in [("Version", str), ("ChainID", str), ("Height", int), ("NodeType", str), ("ListenAddr", str)]:
        demand(isinstance(hello.get(key), kind), f"{key} is missing or of a wrong kind: {hello}")
    demand(hello["NodeType"] in ("producer", "full"), f"NodeType {hello['NodeType']}")
    demand(hello["Version"].lstrip("v").split(".")[0].isdigit(), f"Version {hello['Version']}")
    demand(hello["ChainID"].lower() == run.chain_id.lower(), f"it is on chain {hello['ChainID']}")
    demand(abs(message.timestamp - time.time()) < 60, f"its timestamp is {message.timestamp}")
    if message.signature:
        demand((message.signer() or "").lower() == hello.get("NodeID", "").lower(), f"signed by {message.signer()}, NodeID {hello.get('NodeID')}")
    return "signed by its NodeID" if message.signature else "unsigned"


@check("its handshake commits to the genesis' rules", needs="genesis")
def rules_hash(run):
    hello = run.dial().expect(lambda message: True, PROMPT).json()
    demand(hello.get("Rules") == run.options.genesis.rules_hash, f"it says {hello.get('Rules')}, ours is {run.options.genesis.rules_hash}")
    return run.options.genesis.rules_hash


@check("a peer with the same rules is served, in any case and spelling", needs="genesis")
def same_rules(run):
    rules = run.options.genesis.rules_hash
    run.expect_served(run.peer(Rules=rules))
    run.expect_served(run.peer(Rules="0x" + rules[2:].upper()))
    run.expect_served(run.peer(rules=rules))


@check("a peer that says nothing of its rules is served")
def no_rules(run):
    run.expect_served(run.peer(Rules=None))
    run.expect_served(run.peer(Rules=""))


@check("block 0 is the genesis that the chain id names")
def genesis_is_chain_id(run):
    block = run.peer().block(0)
    demand(block, "no block 0")
    if run.chain_id.startswith("0x") and len(run.chain_id) == 66:
        demand(ledger.block_hash(block).hex() == run.chain_id[2:].lower(), "its hash is another")


@check("ranges give the whole chain, each block pointing to the one before")
def ranges(run):
    connection = run.peer()
    height, tip = run.tip(connection)
    last = min(height, 350)
    blocks = connection.fetch(0, last)
    demand(len(blocks) == last + 1, f"{len(blocks)} blocks of {last + 1}")
    demand(ledger.height(blocks[0]) == 0, "it does not start at 0")
    ledger.check_chain(blocks)
    for block in blocks[1:][:5]:
        ledger.check_producer(block)
    return f"{len(blocks)} blocks"


@check("a single height and the same range of one differ in shape only")
def single_and_range(run):
    connection = run.peer()
    demand(json.loads(connection.request("0-0")) == [connection.block(0)], "they differ")


@check("an unknown height is answered with nothing, an unknown range with []")
def unknown_heights(run):
    connection = run.peer()
    for height in (2**40, 2**64 - 1):
        demand(connection.request(height) == b"", f"height {height} is not empty")
        demand(json.loads(connection.request(f"{height}-{height}")) == [], f"range {height} is not []")
    demand(connection.request("000") == connection.request("0"), "leading zeros change the answer")


@check("the range 1-18446744073709551615 is answered as its first 100")
def endless_range(run):
    connection = run.peer()
    height, _ = run.tip(connection)
    blocks = json.loads(connection.request("1-18446744073709551615"))
    demand(1 <= len(blocks) <= 100 or height == 0, f"{len(blocks)} blocks")
    demand(not blocks or ledger.height(blocks[0]) == 1, "it does not start at 1")
    ledger.check_chain(blocks)
    return f"{len(blocks)} blocks"


@check("answers come in the order of the requests")
def order(run):
    connection = run.peer()
    for what in ("0", "0-0", str(2**50)):
        connection.send(BLOCK_REQUEST, what.encode())
    first, second, third = (connection.expect(BLOCK_RESPONSE).payload for _ in range(3))
    demand(first[:1] == b"{" and second[:1] == b"[" and third == b"", "another order")


@check("a ping is answered with its nonce and the node's height")
def ping(run):
    took, height = run.peer().ping()
    demand(isinstance(height, int), "the height is no number")
    return f"height {height}, {took * 1000:.1f} ms"


@check("a peer list is answered with at most 1000 endpoints")
def peer_list(run):
    connection = run.dial()
    connection.is_honest = False
    connection.introduce(run.chain_id, Capabilities=None)
    connection.send(PEER_LIST)
    for _ in range(2):
        answer = connection.expect(lambda m: m.kind == PEER_LIST and m.payload, PROMPT).json()
        demand(isinstance(answer, list) and len(answer) <= 1000, "no list of at most 1000")
        demand(all(isinstance(e, str) and 0 < int(e.rpartition(":")[2]) < 65536 for e in answer), f"bad entries {answer[:3]}")
        connection.send(PEER_LIST)
    return f"{len(answer)} endpoints"


@check("nobody without the capabilities is sent extensions")
def no_extensions(run):
    connection = run.dial()
    connection.introduce(run.chain_id, Capabilities=None)
    connection.send(BLOCK_REQUEST, b"0")
    connection.expect(BLOCK_RESPONSE, PROMPT)
    time.sleep(1)
    kinds = {message.kind for message in connection.unread()}
    demand(not kinds & {BATCH, PING, PONG}, f"types {kinds}")


@check("a handshake in other spellings of its keys is understood")
def spelling(run):
    connection = run.dial()
    connection.send(
        HANDSHAKE,
        as_json(
            {
                "future": {"a": [1]},
                "version": "v1.99.3-rc.1+build",
                "chain_id": run.chain_id,
                "HEIGHT": 0,
                "node_type": "archive",
                "Listen_Addr": ":0",
                "nonce": None,
            }
        ),
    )
    connection.expect(HANDSHAKE, PROMPT)
    demand(connection.request(0) != b"", "not served")


@check("key order, white space and unknown keys of an envelope do not matter")
def lenient_envelope(run):
    connection = run.peer()
    for body in (
        b' { "x" : {"y":[1,-2.5e+3,"\\u00e9\\\\",null]} , "timestamp" : 0 ,\n "payload" : "MA==" , "type" : 3 } \r\n',
        b'{"payload":"\\u004dA=\\u003d","type":3}',
        b'{"type":3,"payload":"MA==","Type":77,"from":"","signature":""}',
    ):
        connection.send_body(body)
        demand(connection.expect(BLOCK_RESPONSE, PROMPT).payload[:1] == b"{", f"not understood: {body!r}")


@check("frames may come byte by byte or many at once")
def pieces(run):
    connection = run.peer(is_honest=False)
    for byte in wire.frame(wire.envelope(BLOCK_REQUEST, b"0")):
        connection.send_raw(bytes([byte]))
    connection.expect(BLOCK_RESPONSE, PROMPT)
    connection.send_raw(wire.frame(wire.envelope(BLOCK_REQUEST, b"0")) * 20)
    for _ in range(20):
        connection.expect(BLOCK_RESPONSE, PROMPT)


@check("messages of unknown types are ignored")
def unknown_types(run):
    connection = run.peer()
    for kind in (0, 10, 200, 255, 256, 2**40, 2**64 - 1):
        connection.send_body(b'{"type":%d,"payload":"e30=","timestamp":1}' % kind)
    return run.expect_served(connection)


@check("a large frame of an unknown type, slowly, is ignored too")
def large_unknown(run):
    connection = run.peer(is_honest=False)
    data = wire.frame(wire.envelope(77, bytes(3_000_000)))
    for start in range(0, len(data), 500_000):
        connection.send_raw(data[start : start + 500_000])
        time.sleep(0.05)
    return run.expect_served(connection)


@check("a frame of exactly 10 MiB is taken")
def largest_frame(run):
    connection = run.peer()
    body = wire.envelope(77)
    connection.send_body(body + b" " * (wire.MAX_FRAME - len(body)))
    return run.expect_served(connection, 20)


@check("a handshake signed by its NodeID is taken, and signed messages after it")
def signed(run):
    secret = random_secret()
    connection = run.peer(secret=secret, NodeID=crypto.address(crypto.public_key(secret)))
    connection.send(BLOCK_REQUEST, b"0", secret=secret)
    connection.expect(BLOCK_RESPONSE, PROMPT)
    return run.expect_served(connection)


@check("of two connections of one node exactly one stays", slow=True)
def duplicates(run):
    nonce = str(random_secret() % 2**64)
    first, second = run.dial(), run.dial()
    for connection in (first, second):
        connection.send(HANDSHAKE, wire.handshake(run.chain_id, Nonce=nonce))
        connection.expect(HANDSHAKE, PROMPT)
    deadline = time.monotonic() + 25
    while time.monotonic() < deadline and first.closed_at is None and second.closed_at is None:
        time.sleep(0.1)
    time.sleep(1)
    open_ones = [c for c in (first, second) if c.closed_at is None]
    demand(len(open_ones) == 1, f"{len(open_ones)} are open")
    return run.expect_served(open_ones[0])


@check("250 messages at once all arrive, at the rate of the limit")
def burst(run):
    connection = run.peer()
    start = time.monotonic()
    pings = [wire.envelope(PING, as_json({"nonce": str(n), "height": 0})) for n in range(250)]
    connection.send_raw(b"".join(map(wire.frame, pings)))
    nonces = [connection.expect(PONG, 15).json()["nonce"] for _ in range(250)]
    took = time.monotonic() - start
    demand(nonces == [str(n) for n in range(250)], "another order, or lost ones")
    rate = run.options.rate
    demand(rate == 0 or took > 150 / rate * 0.8, f"they took only {took:.2f} s: no limit of {rate} a second")
    return f"all answered in {took:.1f} s"


def _is_block(text):
    return lambda message: message.kind == BLOCK and message.payload == text


@check("a valid block is relayed, byte for byte, to a third peer and not back", needs="next_block")
def relay_block(run):
    return _relay(run, run.options.next_block)


@check("a block of our own making is accepted and relayed", needs="authority_key")
def relay_own_block(run):
    sender = run.peer()
    deadline = time.monotonic() + 30
    block = None
    while block is None:
        demand(time.monotonic() < deadline, "no key's turn came near")
        _, parent = run.tip(sender)
        for secret in run.options.authority_key:
            block = block or ledger.empty_block(parent, secret, run.options.genesis)
        time.sleep(0.2)
    return _relay(run, lambda height: ledger.go_json(block))


def _relay(run, make):
    sender, third = run.peer(), run.peer()
    height, _ = run.tip(sender)
    text = make(height + 1)
    demand(text, f"no block {height + 1} to send")
    start = time.monotonic()
    sender.send(BLOCK, text)
    third.expect(_is_block(text), PROMPT)
    took = time.monotonic() - start
    time.sleep(0.5)
    demand(not any(_is_block(text)(message) for message in sender.unread()), "it came back to its sender")
    got = third.request(height + 1)
    demand(json.loads(got) == json.loads(text), "asked for, it is another block")
    return f"block {height + 1} relayed in {took * 1000:.0f} ms"


@check("a transaction is relayed to a third peer", needs="tx_key")
def relay_transaction(run):
    sender, third, batching = run.peer(), run.peer(), run.peer(Capabilities=["ping", "txbatch"])
    text = ledger.go_json(
        ledger.set_transaction(run.options.tx_key, f"peer:{random_secret() % 10**9}", b"hello", int(time.time() * 1000))
    )
    sender.send(TRANSACTION, text)
    third.expect(lambda m: m.kind == TRANSACTION and m.payload == text, PROMPT)
    batching.expect(lambda m: m.kind in (TRANSACTION, BATCH) and text in m.payload, PROMPT)
