internal import Platform
internal import Primitives

/// Why a file of blocks cannot be read.
public struct BlockFileError: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case missing
        case denied
        case notAFile
        /// The file's own form is broken: cut-off or damaged gzip data, a line over the limit.
        case malformed
        case io
    }

    public let kind: Kind
    public let path: String
    public let detail: String
}

extension BlockFileError: CustomStringConvertible {
    public var description: String { "\(Redaction.value(path)): \(detail)" }
}

/// Reads blocks as JSON lines, plain or gzip (told by the first bytes, not by the name). Holds one line and 512 KiB.
public final class BlockFileReader {
    /// Bytes of the longest line. The genesis block has no limit of its own: this is room for what a genesis file of 16 MiB makes, unless
    /// its keys and values have a few bytes only.
    public static let maxLineBytes = 256 << 20
    private static let bufferBytes = 256 << 10

    public let path: String
    /// The number of the line that `next` returned last, from 1 on.
    public private(set) var line = 0
    private let input: PackedInput
    private var buffer = [UInt8](repeating: 0, count: BlockFileReader.bufferBytes)
    private var filled = 0
    private var position = 0

    /// - Parameter path: a file, a pipe, or `-` for standard input.
    /// - Throws: `BlockFileError`.
    public init(path: String) throws(BlockFileError) {
        self.path = path
        input = try PackedInput(path: path)
    }

    /// How much of the file has been read, between 0 and 1; `nil` where nobody knows its length, as that of a pipe.
    public var fraction: Double? {
        input.totalBytes.map { $0 > 0 ? min(1, Double(input.bytesRead) / Double($0)) : 1 }
    }

    /// The next line that is not empty, without its line feed; `nil` at the end of the file.
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
                position = 0
                filled = try input.read(into: &buffer)
                if filled == 0 { return line.isEmpty ? nil : line }
            }
            let end = endOfLine()
            line.append(contentsOf: buffer[position..<(end ?? filled)])
            position = end.map { $0 + 1 } ?? filled
            guard line.count <= BlockFileReader.maxLineBytes else {
                throw BlockFileError(
                    kind: .malformed, path: path, detail: "the line is longer than \(BlockFileReader.maxLineBytes) bytes")
            }
            if end != nil { return line }
        }
    }

    /// Where the next line feed of the buffer is.
    private func endOfLine() -> Int? {
        buffer.withUnsafeBytes { bytes in
            ByteSearch.first(UInt8(ascii: "\n"), in: bytes, from: position, to: filled)
        }
    }
}
