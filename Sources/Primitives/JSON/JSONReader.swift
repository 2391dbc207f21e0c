/// Reads JSON value by value, without building a tree, as Go's `encoding/json` would read it into a struct.
///
/// ```
///   var json = JSONReader(bytes)
///   try json.beginObject()
///   while let key = try json.nextKey() {
///       if key.matches("height") { height = try json.readUInt64() } else { _ = try json.skipValue() }
///   }
///   try json.end()
/// ```
///
/// The grammar is RFC 8259's to the letter. Invalid UTF-8 and lone surrogates inside strings are no error: they are
/// read as U+FFFD, as Go does. A key given twice is the caller's business: the ledger lets the last one win, the
/// envelope refuses it.
///
/// Nothing here recurses, and containers within each other are counted against `maxDepth`. After an error the
/// reader is of no more use. The bytes must outlive the reader and its keys. One pass, 1–5 GB/s on long strings.
///
/// The files: this one walks the structure; `JSONReader+Strings`, `+Numbers` and `+Bytes` read the leaves.
public struct JSONReader {
    let bytes: UnsafeRawBufferPointer
    let maxDepth: Int
    private var depth = 0
    /// A container was just opened: its first member comes without a comma.
    private var isAtFirstMember = false
    /// The next byte to read.
    public internal(set) var offset = 0

    /// A reader at the start of `bytes`. Go's own limit is a depth of 10,000; the envelope's is 64 (`protocol.md`).
    public init(_ bytes: UnsafeRawBufferPointer, maxDepth: Int = 64) {
        self.bytes = bytes
        self.maxDepth = maxDepth
    }

    // MARK: Structure

    /// The kind of the next value, judged by its first byte. Skips white space and nothing else.
    public mutating func peek() throws(JSONError) -> JSONKind {
        switch try nextByte() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        default: throw .syntax(.unexpectedByte, offset: offset)
        }
    }

    /// Enters an object. `nextKey` reads its members.
    public mutating func beginObject() throws(JSONError) {
        try open(.object)
    }

    /// The next member's key, with the reader at its value; `nil` when the object ended. The caller reads or skips
    /// the value before it asks again.
    public mutating func nextKey() throws(JSONError) -> JSONKey? {
        guard try nextMember(closing: UInt8(ascii: "}")) else { return nil }
        guard try nextByte() == UInt8(ascii: "\"") else { throw .syntax(.unexpectedByte, offset: offset) }
        let key = JSONKey(try scanString(), in: bytes)
        guard try nextByte() == UInt8(ascii: ":") else { throw .syntax(.unexpectedByte, offset: offset) }
        offset += 1
        return key
    }

    /// Enters an array. `nextElement` steps to its elements.
    public mutating func beginArray() throws(JSONError) {
        try open(.array)
    }

    /// Whether there is another element, with the reader at it; `false` when the array ended. The caller reads or
    /// skips the element before it asks again.
    public mutating func nextElement() throws(JSONError) -> Bool {
        try nextMember(closing: UInt8(ascii: "]"))
    }

    /// Asks that nothing but white space is left.
    public mutating func end() throws(JSONError) {
        skipSpace()
        if offset < bytes.count { throw .syntax(.trailingBytes, offset: offset) }
    }

    /// Reads past one value of any kind and checks it; its bytes' range, without white space around.
    public mutating func skipValue() throws(JSONError) -> Range<Int> {
        var containers = BitStack()
        _ = try peek()
        let start = offset
        try enterOrSkip(&containers)
        while let isObject = containers.last {
            let hasMember = isObject ? try skipKey() : try nextElement()
            if hasMember {
                try enterOrSkip(&containers)
            } else {
                containers.removeLast()
            }
        }
        return start..<offset
    }

    /// Opens a container onto the stack, or skips a leaf.
    private mutating func enterOrSkip(_ containers: inout BitStack) throws(JSONError) {
        switch try peek() {
        case .object:
            try beginObject()
            containers.append(true)
        case .array:
            try beginArray()
            containers.append(false)
        case .string: _ = try scanString()
        case .number: _ = try scanNumber()
        case .bool: _ = try readBool()
        case .null: try consume("null")
        }
    }

    private mutating func skipKey() throws(JSONError) -> Bool {
        try nextKey() != nil
    }

    private mutating func open(_ kind: JSONKind) throws(JSONError) {
        try expect(kind)
        if depth == maxDepth { throw .tooDeep(limit: maxDepth, offset: offset) }
        depth += 1
        offset += 1
        isAtFirstMember = true
    }

    private mutating func nextMember(closing: UInt8) throws(JSONError) -> Bool {
        let byte = try nextByte()
        let isFirst = isAtFirstMember
        isAtFirstMember = false
        if byte == closing {
            offset += 1
            depth -= 1
            return false
        }
        if isFirst { return true }
        guard byte == UInt8(ascii: ",") else { throw .syntax(.unexpectedByte, offset: offset) }
        offset += 1
        // A comma promises a member; without this, `[1,]` would end at its bracket.
        if try nextByte() == closing { throw .syntax(.unexpectedByte, offset: offset) }
        return true
    }

    // MARK: Literals

    /// Whether the next value is null, which is then consumed. Go leaves a field as it was on null.
    public mutating func consumeNull() throws(JSONError) -> Bool {
        guard try peek() == .null else { return false }
        try consume("null")
        return true
    }

    /// A bool.
    public mutating func readBool() throws(JSONError) -> Bool {
        try expect(.bool)
        let value = bytes[offset] == UInt8(ascii: "t")
        try consume(value ? "true" : "false")
        return value
    }

    private mutating func consume(_ literal: StaticString) throws(JSONError) {
        let start = offset
        for index in 0..<literal.utf8CodeUnitCount {
            guard start + index < bytes.count else { throw .syntax(.endOfInput, offset: bytes.count) }
            guard bytes[start + index] == literal.utf8Start[index] else {
                throw .syntax(.unexpectedByte, offset: start + index)
            }
        }
        offset = start + literal.utf8CodeUnitCount
        try expectDelimiter(or: .unexpectedByte)
    }

    // MARK: Bytes

    /// Asks for a value of `kind`, whose first byte is next.
    mutating func expect(_ kind: JSONKind) throws(JSONError) {
        let found = try peek()
        if found != kind { throw .wrongKind(expected: kind, found: found, offset: offset) }
    }

    /// Asks that a number or literal ends here, so that `01` and `nullx` fail where they stand.
    func expectDelimiter(or fault: JSONSyntaxFault) throws(JSONError) {
        guard offset < bytes.count else { return }
        switch bytes[offset] {
        case 0x20, 0x0a, 0x0d, 0x09, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): return
        default: throw .syntax(fault, offset: offset)
        }
    }

    /// The next byte that is not white space, which stays to be read.
    private mutating func nextByte() throws(JSONError) -> UInt8 {
        // Nearly always the text is compact and the byte is at hand.
        if offset < bytes.count, bytes[offset] > 0x20 { return bytes[offset] }
        skipSpace()
        guard offset < bytes.count else { throw .syntax(.endOfInput, offset: offset) }
        return bytes[offset]
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0a, 0x0d, 0x09: offset += 1
            default: return
            }
        }
    }
}

/// A stack of bits: 64 inline, the rest in an array. Bounded by the reader's depth.
private struct BitStack {
    private var top: UInt64 = 0
    private var count = 0
    private var below: [UInt64] = []

    var last: Bool? { count == 0 ? nil : top & 1 != 0 }

    mutating func append(_ bit: Bool) {
        if count > 0, count.isMultiple(of: 64) { below.append(top) }
        top = top << 1 | (bit ? 1 : 0)
        count += 1
    }

    mutating func removeLast() {
        count -= 1
        top >>= 1
        if count > 0, count.isMultiple(of: 64), let word = below.popLast() { top = word }
    }
}
