internal import CPosix
package import SystemPackage

extension FileDescriptor {
    /// Reads what is there, at most `buffer.count` bytes; 0 at the end. Waits for the first byte.
    package func readBytes(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        try Errno.retrying { CPosix.read(rawValue, buffer.baseAddress, buffer.count) }
    }

    /// As `readBytes(into:)`, into an array's elements.
    package func readBytes(into buffer: inout [UInt8]) throws(Errno) -> Int {
        try Errno.retrying { buffer.withUnsafeMutableBytes { CPosix.read(rawValue, $0.baseAddress, $0.count) } }
    }

    /// As `readBytes(into:)`, into the elements from `start` on, and waits for the first byte also where somebody else has made the pipe
    /// non-blocking.
    package func readPatiently(into buffer: inout [UInt8], from start: Int) throws(Errno) -> Int {
        while true {
            do throws(Errno) {
                return try Errno.retrying {
                    buffer.withUnsafeMutableBytes { CPosix.read(rawValue, $0.baseAddress?.advanced(by: start), $0.count - start) }
                }
            } catch {
                guard error == .wouldBlock else { throw error }
                _ = Descriptors.wait(for: self, .toRead, milliseconds: -1)
            }
        }
    }

    /// Reads at a place of the file, at most `buffer.count` bytes; 0 behind its end.
    package func readBytes(into buffer: inout [UInt8], at offset: Int64) throws(Errno) -> Int {
        try Errno.retrying { buffer.withUnsafeMutableBytes { CPosix.pread(rawValue, $0.baseAddress, $0.count, off_t(offset)) } }
    }

    /// Reads `count` bytes at a place of the file; fewer only where it ends before.
    package func readWhole(_ count: Int, at offset: Int64) throws(Errno) -> [UInt8] {
        var failure: Errno?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let part = CPosix.pread(rawValue, buffer.baseAddress.map { $0 + done }, count - done, off_t(offset) + off_t(done))
                if part < 0, Errno.current == .interrupted { continue }
                if part < 0 { failure = .current }
                if part <= 0 { return }
                done += part
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// All bytes to the end, but no more than `limit`: the caller takes a limit one above what it allows where more would be a fault.
    package func readToEnd(atMost limit: Int) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: min(limit, 64 << 10))
        while bytes.count < limit {
            let count = try readBytes(into: &part)
            if count == 0 { break }
            bytes += part[..<min(count, limit - bytes.count)]
        }
        return bytes
    }

    /// Writes all of `bytes`, however slowly they are taken; where `waits` is false, a pipe that is full and that somebody has made
    /// non-blocking is an error.
    package func writeWhole(_ bytes: [UInt8], waits: Bool = true) throws(Errno) {
        var written = 0
        while written < bytes.count {
            do throws(Errno) {
                let count = try Errno.retrying {
                    bytes.withUnsafeBytes { CPosix.write(rawValue, $0.baseAddress?.advanced(by: written), $0.count - written) }
                }
                if count == 0 { throw .ioError }
                written += count
            } catch {
                guard waits, error == .wouldBlock else { throw error }
                // A pipe that somebody else has made non-blocking.
                _ = Descriptors.wait(for: self, .toWrite, milliseconds: -1)
            }
        }
    }

    /// Writes at a place of the file, and returns how many bytes it took.
    package func writeBytes(_ bytes: [UInt8], at offset: Int64) throws(Errno) -> Int {
        try Errno.retrying { bytes.withUnsafeBytes { CPosix.pwrite(rawValue, $0.baseAddress, $0.count, off_t(offset)) } }
    }

    /// Waits until the file is on the disk (`fsync(2)`).
    package func flush() throws(Errno) { try Errno.check(fsync(rawValue)) }

    /// As `flush`, without what is not needed to read the bytes again (`fdatasync(2)`).
    package func flushData() throws(Errno) { try Errno.check(fdatasync(rawValue)) }

    /// Cuts it off or fills it with zeros (`ftruncate(2)`).
    package func setLength(_ bytes: Int64) throws(Errno) { try Errno.check(ftruncate(rawValue, off_t(bytes))) }

    /// The last bytes, at most `count`.
    package func readTail(_ count: Int) throws(Errno) -> [UInt8] {
        let size = CPosix.lseek(rawValue, 0, SEEK_END)
        if size < 0 { throw .current }
        CPosix.lseek(rawValue, max(0, size - off_t(count)), SEEK_SET)
        return try readToEnd(atMost: count)
    }

    /// Takes room on the disk for the first `bytes` of the file without changing its length (`fallocate(2)`).
    package func reserveRoom(_ bytes: Int64) throws(Errno) { try Errno.check(podoru_reserve_room(rawValue, off_t(bytes))) }
}
