"""Go's encoding/json as far as the reference decodes with it: an independent model, from its documented behaviour, for tests.

`parse` checks the grammar of RFC 8259 and gives a tree that keeps repeated keys; `decode` fills memory laid out as Go's (structs, pointers,
slices with an array behind them) from the tree; `encode` prints it as Go's Marshal does.
"""

import base64
import re


class Refused(Exception):
    """Go's Unmarshal gives an error."""


# MARK: Text to tree. Objects are Object([(key, value)…]), arrays lists, numbers Number(text).


class Object(list):
    pass


class Number(str):
    pass


NUMBER = re.compile(rb"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
ESCAPES = {b'"': '"', b"\\": "\\", b"/": "/", b"b": "\b", b"f": "\f", b"n": "\n", b"r": "\r", b"t": "\t"}


class Parser:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def space(self):
        while self.text[self.at : self.at + 1] in (b" ", b"\t", b"\r", b"\n") and self.at < len(self.text):
            self.at += 1

    def next(self):
        self.space()
        return self.text[self.at : self.at + 1]

    def take(self, expected):
        if self.next() != expected:
            raise Refused("syntax")
        self.at += 1

    def value(self):
        first = self.next()
        if first == b"{":
            return self.object()
        if first == b"[":
            return self.array()
        if first == b'"':
            return self.string()
        for word, meaning in ((b"null", None), (b"true", True), (b"false", False)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return meaning
        match = NUMBER.match(self.text, self.at)
        if not match:
            raise Refused("syntax")
        self.at = match.end()
        return Number(match.group().decode())

    def object(self):
        pairs = Object()
        self.take(b"{")
        if self.next() == b"}":
            self.at += 1
            return pairs
        while True:
            if self.next() != b'"':
                raise Refused("syntax")
            key = self.string()
            self.take(b":")
            pairs.append((key, self.value()))
            if self.next() == b",":
                self.at += 1
                continue
            self.take(b"}")
            return pairs

    def array(self):
        elements = []
        self.take(b"[")
        if self.next() == b"]":
            self.at += 1
            return elements
        while True:
            elements.append(self.value())
            if self.next() == b",":
                self.at += 1
                continue
            self.take(b"]")
            return elements

    def string(self):
        self.at += 1
        out = []
        while True:
            byte = self.text[self.at : self.at + 1]
            if byte == b"" or byte < b" ":
                raise Refused("syntax")
            if byte == b'"':
                self.at += 1
                return "".join(out)
            if byte == b"\\":
                out.append(self.escape())
                continue
            end = self.at
            while end < len(self.text) and self.text[end] >= 0x20 and self.text[end] not in b'"\\':
                end += 1
            out.append(repaired(self.text[self.at : end]))
            self.at = end

    def escape(self):
        letter = self.text[self.at + 1 : self.at + 2]
        if letter in ESCAPES:
            self.at += 2
            return ESCAPES[letter]
        unit = self.unit()
        self.at += 6
        if 0xD800 <= unit < 0xDC00 and self.text[self.at : self.at + 2] == b"\\u":
            low = self.unit()
            if 0xDC00 <= low < 0xE000:
                self.at += 6
                return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        return "\ufffd" if 0xD800 <= unit < 0xE000 else chr(unit)

    def unit(self):
        digits = self.text[self.at + 2 : self.at + 6]
        if self.text[self.at + 1 : self.at + 2] != b"u" or not re.fullmatch(rb"[0-9a-fA-F]{4}", digits):
            raise Refused("syntax")
        return int(digits, 16)


def repaired(raw):
    """Each byte that belongs to no valid sequence becomes U+FFFD."""
    out = ""
    while raw:
        try:
            return out + raw.decode()
        except UnicodeDecodeError as error:
            out += raw[: error.start].decode() + "\ufffd"
            raw = raw[error.start + 1 :]
    return out


def parse(text):
    parser = Parser(text)
    tree = parser.value()
    parser.space()
    if parser.at != len(text):
        raise Refused("syntax")
    return tree


# MARK: Tree to memory. A place is read and written through a getter and a setter, as a reflect.Value is.


class Uint:
    def __init__(self, bits):
        self.limit = 1 << bits

    def zero(self):
        return 0

    def decode(self, tree, old):
        if tree is None:
            return old
        if not isinstance(tree, Number) or not re.fullmatch("[0-9]+", tree) or int(tree) >= self.limit:
            raise Refused("type")
        return int(tree)


class Int64:
    def zero(self):
        return 0

    def decode(self, tree, old):
        if tree is None:
            return old
        if not isinstance(tree, Number) or not re.fullmatch("-?[0-9]+", tree) or not -(1 << 63) <= int(tree) < 1 << 63:
            raise Refused("type")
        return int(tree)


class String:
    def zero(self):
        return ""

    def decode(self, tree, old):
        if tree is None:
            return old
        if not isinstance(tree, str) or isinstance(tree, Number):
            raise Refused("type")
        return tree


class GoSlice:
    """An array and how much of it the slice shows."""

    def __init__(self, array, length):
        self.array = array
        self.length = length

    def shown(self):
        return self.array[: self.length]


class Slice:
    def __init__(self, element):
        self.element = element

    def zero(self):
        return None

    def decode(self, tree, old):
        if tree is None:
            return None
        if isinstance(tree, str) and not isinstance(tree, Number) and isinstance(self.element, Uint):
            decoded = list(from_base64(tree))
            return GoSlice(decoded, len(decoded))
        if not isinstance(tree, list) or isinstance(tree, Object):
            raise Refused("type")
        if not tree:
            return GoSlice([], 0)
        array = old.array if old else []
        for index, element in enumerate(tree):
            if index == len(array):
                array.append(self.element.zero())
            array[index] = self.element.decode(element, array[index])
        return GoSlice(array, len(tree))


class Pointer:
    def __init__(self, target):
        self.target = target

    def zero(self):
        return None

    def decode(self, tree, old):
        if tree is None:
            return None
        return self.target.decode(tree, self.target.zero() if old is None else old)


class Struct:
    def __init__(self, *fields):
        self.fields = fields

    def zero(self):
        return {name: kind.zero() for name, kind in self.fields}

    def decode(self, tree, old):
        if tree is None:
            return old
        if not isinstance(tree, Object):
            raise Refused("type")
        for key, value in tree:
            for name, kind in self.fields:
                if folded(key) == folded(name):
                    old[name] = kind.decode(value, old[name])
        return old


class Map:
    """From string to string."""

    def zero(self):
        return None

    def decode(self, tree, old):
        if tree is None:
            return None
        if not isinstance(tree, Object):
            raise Refused("type")
        filled = {} if old is None else old
        for key, value in tree:
            filled[key] = String().decode(value, "")
        return filled


def folded(key):
    """Unicode's simple folding, as far as it meets ASCII."""
    return "".join({"\u017f": "s", "\u212a": "k"}.get(c, c.lower() if c < "\x80" else c) for c in key)


def from_base64(text):
    text = text.replace("\r", "").replace("\n", "")
    if len(text) % 4 or not re.fullmatch("[A-Za-z0-9+/]*={0,2}", text):
        raise Refused("base64")
    return base64.b64decode(text)


# MARK: Memory to text.


def quoted(text):
    out = ['"']
    for c in text:
        short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(c)
        if short:
            out.append(short)
        elif c < " " or c in "<>&\u2028\u2029":
            out.append("\\u%04x" % ord(c))
        else:
            out.append(c)
    return "".join(out) + '"'


def encode(kind, value):
    if isinstance(kind, (Uint, Int64)):
        return str(value)
    if isinstance(kind, String):
        return quoted(value)
    if value is None:
        return "null"
    if isinstance(kind, Slice):
        if isinstance(kind.element, Uint):
            return '"' + base64.b64encode(bytes(value.shown())).decode() + '"'
        return "[" + ",".join(encode(kind.element, element) for element in value.shown()) + "]"
    if isinstance(kind, Pointer):
        return encode(kind.target, value)
    if isinstance(kind, Map):
        items = sorted(value.items(), key=lambda item: item[0].encode())
        return "{" + ",".join(quoted(key) + ":" + quoted(text) for key, text in items) + "}"
    parts = []
    for name, field in kind.fields:
        if name == "value" and not (value[name] and value[name].length):
            continue  # omitempty
        parts.append('"%s":%s' % (name, encode(field, value[name])))
    return "{" + ",".join(parts) + "}"
