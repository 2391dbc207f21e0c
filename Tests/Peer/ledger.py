"""What a peer must know of blocks and transactions: their JSON, their hashes, how to make one (docs/protocol.md)."""

import base64
import hashlib
import json
import re
import time

import crypto

HEADER = ["version", "height", "previous_hash", "timestamp", "merkle_root", "state_root", "producer_addr", "nonce"]
SIGNED = ["from", "timestamp", "data", "nonce"]
ZERO_HASH = bytes(32)


def go_json(value):
    """JSON byte for byte as Go's encoding/json: no spaces, HTML characters and line separators escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, "\\u%04x" % ord(character))
    return text.encode()


def _ordered(value, keys):
    return {key: value[key] for key in keys}


def encode_bytes(raw):
    return base64.b64encode(raw).decode()


def block_hash(block):
    return hashlib.sha256(go_json(_ordered(block["header"], HEADER))).digest()


def transaction_hash(transaction):
    return hashlib.sha256(go_json(_ordered(transaction, SIGNED))).digest()


def previous_hash(block):
    return base64.b64decode(block["header"]["previous_hash"])


def height(block):
    return block["header"]["height"]


def check_chain(blocks):
    """Raises unless each block points to the one before it."""
    for before, after in zip(blocks, blocks[1:]):
        if height(after) != height(before) + 1:
            raise ValueError(f"height {height(after)} after {height(before)}")
        if previous_hash(after) != block_hash(before):
            raise ValueError(f"block {height(after)} does not point to block {height(before)}")


def check_producer(block):
    """Raises unless the block's signature is its producer's."""
    signer = crypto.recover(base64.b64decode(block["signature"]), block_hash(block))
    if signer is None or crypto.address(signer).lower() != block["header"]["producer_addr"].lower():
        raise ValueError(f"block {height(block)} is not signed by its producer")


def duration_seconds(text):
    """The seconds of a duration such as 5s or 1m30s."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"([0-9]+)([hms])", text))


def number_text(text):
    """A whole number without a plus and without leading zeros; empty where there is none."""
    return str(int(text)) if re.fullmatch(r"[+-]?[0-9]+", text or "") else ""


class Genesis:
    """What a genesis file says of turns, and beside its block."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.config = json.load(file)
        self.authorities = self.config["authorities"]
        state = self.config.get("initial_state") or {}
        self.is_strict = state.get("chain:rules") == "strict"
        text = state.get("chain:block_time", "5s")
        self.block_time = int(text[:-1]) if text.endswith("s") and text[:-1].isdigit() else 5

    def rules_json(self):
        """What the genesis fixes and its block's hash does not (docs/protocol.md, "The rules' hash")."""
        token, gas = self.config.get("token_config"), self.config.get("gas_config")
        fees = None
        if token is not None and gas is not None:
            fees = {
                "base_fee": number_text(gas.get("base_fee") or "1000"),
                "per_byte_fee": number_text(gas.get("per_byte_fee") or "10"),
            }
            if fees == {"base_fee": "0", "per_byte_fee": "0"}:
                fees = None
        if token is None:
            token = {"name": "Podoru", "symbol": "PDR", "decimals": 18, "initial_supply": "100000000000000000000000000"}
        state = self.config.get("initial_state") or {}
        return go_json(
            {
                "podoru_rules": 1,
                "authorities": self.authorities,
                "fees": fees,
                "token": {
                    "name": token["name"],
                    "symbol": token["symbol"],
                    "decimals": token.get("decimals") or 0,
                    "initial_supply": number_text(token.get("initial_supply")),
                },
                "rules": "strict" if self.is_strict else "reference",
                "block_time": duration_seconds(state["chain:block_time"]) if self.is_strict else 0,
            }
        )

    @property
    def rules_hash(self):
        return "0x" + hashlib.sha256(self.rules_json()).hexdigest()

    def earliest(self, producer, parent):
        """When `producer` may sign the block on `parent`, in unix seconds."""
        start = parent["header"]["timestamp"]
        if not self.is_strict:
            return start + 1
        spelled = [authority.lower() for authority in self.authorities]
        count = len(spelled)
        later = (spelled.index(producer.lower()) - (height(parent) + 1)) % count
        return start + (later + 1) * self.block_time


def empty_block(parent, secret, genesis=None, now=None):
    """A block without transactions on `parent`: its state is its parent's. None while the key's turn is not near."""
    producer = crypto.address(crypto.public_key(secret))
    if genesis:
        producer = next((a for a in genesis.authorities if a.lower() == producer.lower()), producer)
    now = int(time.time()) if now is None else now
    timestamp = max(genesis.earliest(producer, parent) if genesis else 0, parent["header"]["timestamp"] + 1)
    if timestamp > now + 20:
        return None
    header = {
        "version": 1,
        "height": height(parent) + 1,
        "previous_hash": encode_bytes(block_hash(parent)),
        "timestamp": timestamp,
        "merkle_root": encode_bytes(ZERO_HASH),
        "state_root": parent["header"]["state_root"],
        "producer_addr": producer,
        "nonce": 0,
    }
    block = {"header": header, "transactions": None, "signature": ""}
    block["signature"] = encode_bytes(crypto.sign(secret, block_hash(block)))
    return block


def set_transaction(secret, key, value, nonce, timestamp=None):
    """A signed transaction that sets one key."""
    transaction = {
        "id": "",
        "from": crypto.address(crypto.public_key(secret)),
        "timestamp": int(time.time()) if timestamp is None else timestamp,
        "data": {"operations": [{"type": "SET", "key": key, "value": encode_bytes(value)}]},
        "signature": "",
        "nonce": nonce,
    }
    digest = transaction_hash(transaction)
    transaction["id"] = encode_bytes(digest)
    transaction["signature"] = encode_bytes(crypto.sign(secret, digest))
    return transaction
