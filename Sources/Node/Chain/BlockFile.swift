internal import CZlib
internal import Primitives

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Why a file of blocks cannot be read or written.
public struct BlockFileError: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case missing
        case denied
        case notAFile
        /// The file's own form is broken: cut-off or damaged gzip data, a line over the limit.
        case malformed
        case cannotCreate
        case io
    }

    public let kind: Kind
    public let path: String
    public let detail: String
}

extension BlockFileError: CustomStringConvertible {
    public var description: String { "\(Redaction.value(path)): \(detail)" }
}

/// Reads blocks as JSON lines, plain or gzip (told by the first bytes, not by the name). Holds one line and 256 KiB.
public final class BlockFileReader {
    /// Bytes of the longest line. The genesis block has no limit of its own: this is room for what a genesis file of 16 MiB makes, unless
    /// its keys and values have a few bytes only.
    public static let maximumLineBytes = 256 << 20
    private static let bufferBytes = 256 << 10

    public let path: String
    /// The size of the file on disk in bytes.
    public let totalBytes: UInt64
    /// The number of the line that `next` returned last, from 1 on.
    public private(set) var line = 0
    private let file: gzFile
    private var buffer = [UInt8](repeating: 0, count: BlockFileReader.bufferBytes)
    private var filled = 0
    private var position = 0

    /// - Throws: `BlockFileError`.
    public init(path: String) throws(BlockFileError) {
        self.path = path
        var status = stat()
        guard stat(path, &status) == 0 else { throw BlockFileError(errno: .missing, path: path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw BlockFileError(kind: .notAFile, path: path, detail: "this is no regular file")
        }
        totalBytes = UInt64(max(0, status.st_size))
        guard let opened = gzopen(path, "rbe") else { throw BlockFileError(errno: .io, path: path) }
        file = opened
        gzbuffer(opened, UInt32(BlockFileReader.bufferBytes))
    }

    deinit {
        gzclose(file)
    }

    /// How much of the file on disk has been read, in bytes: for progress, since the length of what a gzip file holds is not known.
    public var bytesRead: UInt64 { UInt64(max(0, gzoffset(file))) }

    /// The next line that is not empty, without its end; `nil` at the end of the file.
    public func next() throws(BlockFileError) -> [UInt8]? {
        while let line = try nextLine() {
            self.line += 1
            if !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { return line }
        }
        return nil
    }

    private func nextLine() throws(BlockFileError) -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            if position == filled {
                try fill()
                if filled == 0 { return line.isEmpty ? nil : line }
            }
            let end = endOfLine()
            line.append(contentsOf: buffer[position..<(end ?? filled)])
            position = end.map { $0 + 1 } ?? filled
            guard line.count <= BlockFileReader.maximumLineBytes else {
                throw malformed("the line is longer than \(BlockFileReader.maximumLineBytes) bytes")
            }
            if end != nil { return line }
        }
    }

    /// Where the next line feed of the buffer is.
    private func endOfLine() -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let found = memchr(base + position, Int32(UInt8(ascii: "\n")), filled - position) else {
                return nil
            }
            return UnsafeRawPointer(found) - base
        }
    }

    private func fill() throws(BlockFileError) {
        position = 0
        let count = buffer.withUnsafeMutableBytes { gzread(file, $0.baseAddress, UInt32($0.count)) }
        filled = max(0, Int(count))
        // At the end of a file that was cut off, gzread gives what there was, and the error beside it.
        guard filled == 0 else { return }
        var code: Int32 = 0
        let message = gzerror(file, &code)
        switch code {
        case Z_OK, Z_STREAM_END: return
        case Z_BUF_ERROR: throw malformed("the gzip data ends in the middle")
        case Z_ERRNO: throw BlockFileError(errno: .io, path: path)
        default: throw malformed("damaged gzip data: \(message.map { String(cString: $0) } ?? "error \(code)")")
        }
    }

    private func malformed(_ detail: String) -> BlockFileError {
        BlockFileError(kind: .malformed, path: path, detail: detail)
    }
}

/// Writes blocks as JSON lines, as gzip when the name ends in `.gz`. The file has its name only once it is whole.
public final class BlockFileWriter {
    public let path: String
    private let unfinished: String
    private var file: gzFile?

    /// - Throws: `BlockFileError`.
    public init(path: String) throws(BlockFileError) {
        self.path = path
        unfinished = path + ".part"
        // `T` writes the bytes as they are.
        file = gzopen(unfinished, path.hasSuffix(".gz") ? "wbe6" : "wbeT")
        guard file != nil else { throw BlockFileError(errno: .cannotCreate, path: path) }
    }

    deinit {
        guard let file else { return }
        gzclose(file)
        unlink(unfinished)
    }

    /// Appends a line.
    public func write(_ line: [UInt8]) throws(BlockFileError) {
        guard let file else { return }
        let written = line.withUnsafeBytes { gzwrite(file, $0.baseAddress, UInt32($0.count)) }
        guard Int(written) == line.count, gzputc(file, Int32(UInt8(ascii: "\n"))) >= 0 else {
            throw BlockFileError(errno: .io, path: path)
        }
    }

    /// Makes the file durable and gives it its name.
    public func finish() throws(BlockFileError) {
        guard let open = file else { return }
        file = nil
        guard gzclose(open) == Z_OK else {
            let failure = BlockFileError(errno: .io, path: path)
            unlink(unfinished)
            throw failure
        }
        let descriptor = openToFlush(unfinished)
        let isDurable = descriptor >= 0 && fsync(descriptor) == 0
        if descriptor >= 0 { close(descriptor) }
        guard isDurable, rename(unfinished, path) == 0 else {
            let failure = BlockFileError(errno: .io, path: path)
            unlink(unfinished)
            throw failure
        }
    }

    private func openToFlush(_ path: String) -> Int32 { open(path, O_RDONLY | O_CLOEXEC) }
}

extension BlockFileError {
    /// From the current errno; `otherwise` when that names no kind of its own.
    fileprivate init(errno otherwise: Kind, path: String) {
        let code = errno
        let kind: Kind =
            switch code {
            case ENOENT, ENOTDIR: otherwise == .cannotCreate ? .cannotCreate : .missing
            case EACCES, EPERM: .denied
            default: otherwise
            }
        let detail =
            code == ENOSPC
            ? "the disk is full: free some space and run the command again; no unfinished file is left" : String(cString: strerror(code))
        self.init(kind: kind, path: path, detail: detail)
    }
}
