internal import Network

/// Finds the objects of a JSON array without reading them: whoever decodes an element validates it. Used for the
/// arrays of blocks and transactions, which pass the loop thread on their way to the workers.
///
/// What lies inside an element is only followed as far as strings and brackets go. One pass; strings are crossed
/// eight bytes at a time. Nesting is counted, not recursed, and bounded by `NetworkLimits.maxJSONDepth`.
struct ArraySplitter {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    /// What is wrong, for a person.
    struct Fault: Error {
        var reason: String
    }

    /// The ranges of the elements of `bytes`, in order; `null` is an empty array, as Go writes a nil slice.
    static func split(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(Fault) -> [Range<Int>] {
        var splitter = ArraySplitter(bytes: bytes)
        return try splitter.split(limit: limit)
    }

    private init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    private mutating func split(limit: Int) throws(Fault) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        skipSpace()
        if bytes[offset...].starts(with: "null".utf8) {
            offset += 4
            try end()
            return []
        }
        guard take("[") else { throw fault("expected an array") }
        skipSpace()
        if take("]") {
            try end()
            return []
        }
        while true {
            guard ranges.count < limit else { throw Fault(reason: "more than \(limit) elements") }
            skipSpace()
            ranges.append(try object())
            skipSpace()
            if take(",") { continue }
            guard take("]") else { throw fault("expected a comma or the end of the array") }
            try end()
            return ranges
        }
    }

    private mutating func object() throws(Fault) -> Range<Int> {
        let start = offset
        guard take("{") else { throw fault("expected an object") }
        // The array itself is the first level.
        var depth = 2
        var index = offset
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                index = endOfString(from: index)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                guard depth <= NetworkLimits.maxJSONDepth else { throw fault("nested too deep in the element") }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth > 1 { break }
                offset = index
                return start..<index
            default: break
            }
        }
        throw fault("the array ends inside the element")
    }

    /// The index behind the closing quote of the string that begins at `start`, or at least the end without one.
    private func endOfString(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var index = start
        while index + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let quotes = word ^ (ones &* 0x22)
            let backslashes = word ^ (ones &* 0x5C)
            // A high bit for each zero byte; false ones stand only above a true one, and the lowest counts.
            let found = ((quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes) & (ones << 7)
            if found == 0 {
                index += 8
                continue
            }
            index += found.trailingZeroBitCount / 8
            if bytes[index] == UInt8(ascii: "\"") { return index + 1 }
            index += 2
        }
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return index + 1
    }

    private mutating func skipSpace() {
        while offset < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[offset]) { offset += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func end() throws(Fault) {
        skipSpace()
        if offset < bytes.count { throw fault("bytes after the array") }
    }

    private func fault(_ reason: String) -> Fault { Fault(reason: "\(reason) at byte \(offset)") }
}
