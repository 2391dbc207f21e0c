internal import CPosix

/// The machine's own search for a byte: files are split into lines with it.
package enum ByteSearch {
    /// Where `byte` first stands in `bytes` from `start` on and before `end`.
    package static func first(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int? {
        guard let base = bytes.baseAddress, let found = memchr(base + start, Int32(byte), end - start) else { return nil }
        return UnsafeRawPointer(found) - base
    }
}
