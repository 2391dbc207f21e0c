/// Objects and arrays whose commas and braces are written for the caller.
///
/// A member or an element is set apart from the one before by a comma. Whether there is one before shows in the last byte that stands: only
/// what has just been opened ends in a brace or bracket that opens, since a value that is whole ends in a quote, a digit, a letter or a
/// bracket that closes. So the writer needs no memory of its own, nests as deep as its caller, and what is written as `raw` may stand in
/// between.
extension JSONWriter {
    /// An object; `members` writes what stands in it.
    @inlinable
    public mutating func object(_ members: (inout JSONWriter) throws -> Void) rethrows {
        bytes.append(UInt8(ascii: "{"))
        try members(&self)
        bytes.append(UInt8(ascii: "}"))
    }

    /// The bytes of one object.
    public static func object(capacity: Int = 256, _ members: (inout JSONWriter) throws -> Void) rethrows -> [UInt8] {
        var json = JSONWriter(capacity: capacity)
        try json.object(members)
        return json.bytes
    }

    /// An array of what `element` writes for each of `elements`: one value each.
    @inlinable
    public mutating func array<Elements: Sequence>(
        _ elements: Elements, _ element: (inout JSONWriter, Elements.Element) throws -> Void
    ) rethrows {
        bytes.append(UInt8(ascii: "["))
        for value in elements {
            separate()
            try element(&self, value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// An array; `elements` writes what stands in it, and sets each apart from the one before (`separate`).
    @inlinable
    public mutating func array(_ elements: (inout JSONWriter) throws -> Void) rethrows {
        bytes.append(UInt8(ascii: "["))
        try elements(&self)
        bytes.append(UInt8(ascii: "]"))
    }

    /// Sets what is written next apart from what stands before it in the same object or array. `member` and `array` do it themselves.
    @inlinable
    public mutating func separate() {
        if let last = bytes.last, last != UInt8(ascii: "{"), last != UInt8(ascii: "[") { bytes.append(UInt8(ascii: ",")) }
    }

    /// The name of a member, whose value is written next. A name of our own: nothing in it needs an escape.
    public mutating func name(_ name: StaticString) {
        let isFirst = bytes.last.map { $0 == UInt8(ascii: "{") } ?? true
        name.withUTF8Buffer { text in
            // One look at the buffer's room for all of it: names are half of what an answer is made of.
            bytes.append(addingCapacity: text.count + 4) { span in
                if !isFirst { span.append(UInt8(ascii: ",")) }
                span.append(UInt8(ascii: "\""))
                span.withUnsafeMutableBufferPointer { buffer, count in
                    _ = UnsafeMutableBufferPointer(rebasing: buffer[count...]).initialize(from: text)
                    count += text.count
                }
                span.append(UInt8(ascii: "\""))
                span.append(UInt8(ascii: ":"))
            }
        }
    }

    /// The name of a member that came from outside, escaped as any string.
    public mutating func name(escaping name: ByteString) {
        separate()
        string(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// `null`.
    public mutating func null() { raw("null") }

    // MARK: Members

    /// A member whose value `write` writes.
    @inlinable
    public mutating func member(_ name: StaticString, _ write: (inout JSONWriter) throws -> Void) rethrows {
        self.name(name)
        try write(&self)
    }

    /// A member that is a string; `null` for none.
    public mutating func member(_ name: StaticString, _ value: ByteString?) {
        self.name(name)
        if let value { string(value) } else { null() }
    }

    /// A member that is a string; `null` for none.
    public mutating func member(_ name: StaticString, _ value: String?) {
        self.name(name)
        if let value { string(value) } else { null() }
    }

    /// A member that is an integer of at most 64 bits; `null` for none.
    @inlinable
    public mutating func member(_ name: StaticString, _ value: (some FixedWidthInteger)?) {
        self.name(name)
        if let value { integer(value) } else { null() }
    }

    /// A member that is `true` or `false`.
    public mutating func member(_ name: StaticString, _ value: Bool) {
        self.name(name)
        bool(value)
    }
}
