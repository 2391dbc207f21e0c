"""Odd spellings of blocks, transactions and genesis files, each with what Go's encoding/json makes of it.

    generate.py --seed 7 --count 1000

prints a line of JSON a case: `kind`, `text` (base64) and `verdict`, the canonical JSON of what was read, or null where Go refuses it.
The same seed gives the same cases.
"""

import argparse
import base64
import json
import random

from go_json import Int64, Map, Pointer, Refused, Slice, String, Struct, Uint, encode, parse

BYTES = Slice(Uint(8))

OPERATION = Struct(("type", String()), ("key", String()), ("value", BYTES))
TRANSACTION = Struct(
    ("id", BYTES),
    ("from", String()),
    ("timestamp", Int64()),
    ("data", Pointer(Struct(("operations", Slice(Pointer(OPERATION)))))),
    ("signature", BYTES),
    ("nonce", Uint(64)),
)
HEADER = Struct(
    ("version", Uint(32)),
    ("height", Uint(64)),
    ("previous_hash", BYTES),
    ("timestamp", Int64()),
    ("merkle_root", BYTES),
    ("state_root", BYTES),
    ("producer_addr", String()),
    ("nonce", Uint(64)),
)
BLOCK = Struct(("header", Pointer(HEADER)), ("transactions", Slice(Pointer(TRANSACTION))), ("signature", BYTES))
GENESIS = Struct(
    ("timestamp", Int64()),
    ("authorities", Slice(String())),
    ("initial_state", Map()),
    ("token_config", Pointer(Struct(("name", String()), ("symbol", String()), ("decimals", Int64()), ("initial_supply", String())))),
    ("gas_config", Pointer(Struct(("base_fee", String()), ("per_byte_fee", String())))),
    ("initial_balances", Map()),
)
KINDS = {"block": BLOCK, "transaction": TRANSACTION, "genesis": GENESIS}

STRINGS = [
    "", "a", "SET", "set", "MINT", "balance:0x0", "chain:rules", "strict", "0xAbC", "é", "e\u0301", "\u212a", "\u017f", "<&>", "\u2028",
    "\u0000", "\x7f", "😀", "\ufffd", "\u0130", "long " * 9,
]
NUMBERS = [
    "0", "1", "7", "255", "256", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551615",
    "18446744073709551616", "-1", "-9223372036854775808", "-9223372036854775809", "-0", "1.0", "1e0", "0.5",
]
WRONG = ["true", "{}", "[]", '"x"', "3", "[[]]", "{\"a\":[1,{}]}", "01", "nul", "+1", "\"\\x\"", "[1,]", "{,}", "'a'", "\"\t\""]


class Generator:
    """Writes values of a kind as text. Nothing is written twice alike: keys come again, in another case, beside strange ones."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, of):
        return self.random.randrange(of) == 0

    def space(self):
        return self.random.choice([" ", "\n", "\t", "\r\n  "]) if self.chance(12) else ""

    def text(self, kind):
        return self.space() + self.value(kind) + self.space()

    def value(self, kind):
        if self.chance(220):
            return self.random.choice(WRONG)
        if self.chance(9):
            return "null"
        if isinstance(kind, Pointer):
            return self.value(kind.target)
        if isinstance(kind, (Uint, Int64)):
            return self.random.choice(NUMBERS) if self.chance(12) else str(self.random.randrange(200))
        if isinstance(kind, String):
            return self.string(self.random.choice(STRINGS))
        if isinstance(kind, Map):
            keys = [self.string(self.random.choice(STRINGS)) for _ in range(self.random.randrange(5))]
            return self.object([(key, self.value(String())) for key in keys])
        if isinstance(kind, Slice):
            return self.slice(kind)
        return self.struct(kind)

    def struct(self, kind):
        fields = [field for field in kind.fields if not self.chance(6)]
        while self.random.randrange(2) and len(fields) < 24:
            fields.append(self.random.choice(kind.fields))
        if self.chance(3):
            # One field again and again: what lay behind the end of its array shows again.
            fields += [self.random.choice(kind.fields)] * self.random.randrange(2, 5)
        self.random.shuffle(fields)
        pairs = [(self.string(self.key(name)), self.text(field)) for name, field in fields]
        if self.chance(8):
            pairs.insert(self.random.randrange(len(pairs) + 1), ('"extra"', self.random.choice(['{"a":[1,{}]}', "1e9", '"\\u0000"'])))
        return self.object(pairs)

    def object(self, pairs):
        return "{" + ",".join(self.space() + key + self.space() + ":" + value for key, value in pairs) + self.space() + "}"

    def key(self, name):
        if self.chance(6):
            name = "".join(self.random.choice([c.upper(), c]) for c in name)
        if self.chance(20):
            name = name.replace("s", "\u017f", 1).replace("k", "\u212a", 1)
        return name + " " if self.chance(60) else name

    def slice(self, kind):
        count = self.random.choice([0, 1, 1, 2, 2, 3, 4])
        if not isinstance(kind.element, Uint):
            return "[" + ",".join(self.text(kind.element) for _ in range(count)) + self.space() + "]"
        if self.chance(2):
            return "[" + ",".join(self.space() + self.byte() for _ in range(count)) + self.space() + "]"
        return self.base64(bytes(self.random.randrange(256) for _ in range(self.random.randrange(6))))

    def byte(self):
        if self.chance(3):
            return "null"
        return self.random.choice(["256", "-1", "1.5", "true", '"a"']) if self.chance(60) else str(self.random.randrange(256))

    def base64(self, raw):
        text = base64.b64encode(raw).decode()
        if text.endswith("=") and self.chance(8):
            digits = text.rstrip("=")
            text = digits[:-1] + self.random.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") + text[len(digits) :]
        if self.chance(12):
            at = self.random.randrange(len(text) + 1)
            text = text[:at] + self.random.choice(["\\n", "\\r\\n", "=", " ", "-", "\\u003d"]) + text[at:]
        return '"' + text + '"'

    def string(self, text):
        out = []
        for c in text:
            if c < " " or c in '"\\' or self.chance(25):
                units = c.encode("utf-16-be")
                out += ["\\u%s%s" % (units[i : i + 1].hex(), units[i + 1 : i + 2].hex()) for i in range(0, len(units), 2)]
            else:
                out.append(c)
        if self.chance(60):
            out.append(self.random.choice(["\\ud800", "\\udc00", "\\ud83d\\u0041", "\\/", "\\q", "\\u12"]))
        return '"' + "".join(out) + '"'

    def case(self):
        name = self.random.choice(sorted(KINDS))
        raw = self.text(KINDS[name]).encode()
        if self.chance(25):
            at = self.random.randrange(len(raw) + 1)
            raw = raw[:at] + self.random.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x80", b"\xef\xbb\xbf", b"}", b"\x00"]) + raw[at:]
        return name, raw


def verdict(name, raw):
    kind = KINDS[name]
    try:
        memory = kind.decode(parse(raw), kind.zero())
    except Refused:
        return None
    return genesis_text(memory) if name == "genesis" else encode(kind, memory)


def genesis_text(memory):
    """As the node prints a configuration: without what is not there."""
    kinds = dict(GENESIS.fields)
    parts = ['"timestamp":%d' % memory["timestamp"]]
    parts.append('"authorities":' + (encode(kinds["authorities"], memory["authorities"]) if memory["authorities"] else "[]"))
    parts.append('"initial_state":' + encode(kinds["initial_state"], memory["initial_state"] or {}))
    for name in ("token_config", "gas_config"):
        if memory[name] is not None:
            parts.append('"%s":%s' % (name, encode(kinds[name], memory[name])))
    if memory["initial_balances"]:
        parts.append('"initial_balances":' + encode(kinds["initial_balances"], memory["initial_balances"]))
    return "{" + ",".join(parts) + "}"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int, required=True)
    options.add_argument("--count", type=int, required=True)
    arguments = options.parse_args()
    generator = Generator(arguments.seed)
    for _ in range(arguments.count):
        name, raw = generator.case()
        print(json.dumps({"kind": name, "text": base64.b64encode(raw).decode(), "verdict": verdict(name, raw)}))


if __name__ == "__main__":
    main()
