#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The end of a log, for an error message.
enum LogTail {
    private static let lineCount = 5
    private static let byteCount = 2048

    static func lines(of path: String) -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        lseek(descriptor, max(0, size - byteCount), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: byteCount)
        let count = max(0, read(descriptor, &bytes, byteCount))
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").suffix(lineCount).map(String.init)
    }
}
