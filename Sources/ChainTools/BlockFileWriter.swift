internal import CZlib
internal import Platform
internal import SystemPackage
public import WholeFiles

/// Writes blocks as JSON lines, as gzip when the name ends in `.gz`, to wherever an operator sends them (`OutputFile`).
public final class BlockFileWriter {
    /// Plain lines that go to the system together.
    private static let bufferBytes = 256 << 10

    private let output: OutputFile
    private var gzip: gzFile?
    private var buffer: [UInt8] = []

    /// - Throws: `FileError`.
    public init(path: String, existing: OutputFile.Existing = .refused) throws(FileError) {
        output = try OutputFile(path, as: "file of blocks", mode: 0o644, existing: existing)
        guard path.hasSuffix(".gz") else { return }
        let copy = try? output.descriptor.duplicated()
        gzip = copy.flatMap { gzdopen($0.rawValue, "wb6") }
        if gzip == nil {
            copy?.closeQuietly()
            throw FileError(
                .failed, path: path, "cannot pack the file of blocks \(path): zlib does not start", remedy: "export to a plain file")
        }
    }

    deinit {
        if let gzip { gzclose(gzip) }
    }

    /// Appends a line.
    public func write(_ line: [UInt8]) throws(FileError) {
        guard let gzip else {
            buffer += line
            buffer.append(UInt8(ascii: "\n"))
            if buffer.count >= BlockFileWriter.bufferBytes { try flush() }
            return
        }
        let written = line.withUnsafeBytes { gzwrite(gzip, $0.baseAddress, UInt32($0.count)) }
        guard Int(written) == line.count, gzputc(gzip, Int32(UInt8(ascii: "\n"))) >= 0 else {
            throw output.failure("write", .current)
        }
    }

    private func flush() throws(FileError) {
        try output.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Makes the file durable and gives it its name.
    public func finish() throws(FileError) {
        try flush()
        if let open = gzip {
            gzip = nil
            guard gzclose(open) == Z_OK else { throw output.failure("write", .current) }
        }
        try output.finish()
    }
}
