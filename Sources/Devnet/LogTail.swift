internal import Platform
internal import SystemPackage

/// The end of a log, for an error message.
enum LogTail {
    private static let lineCount = 5
    private static let byteCount = 2048

    static func lines(of path: String) -> [String] {
        guard let file = try? FileDescriptor(opening: path, .readOnly) else { return [] }
        defer { file.closeQuietly() }
        let bytes = (try? file.readTail(byteCount)) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(lineCount).map(String.init)
    }
}
