#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Where files are mapped into this process, as Linux tells it (proc(5), `/proc/self/maps`).
enum MemoryRanges {
    /// The code of the LMDB library; `nil` where it is part of the program or the system does not tell.
    static func ofLibrary() -> Range<UInt>? {
        first { line in
            line.contains(" r-xp ") && (line.split(separator: "/").last?.starts(with: "liblmdb.so") ?? false)
        }
    }

    /// The first shared map of an open file; `nil` where the system does not tell.
    static func ofFile(_ file: Int32) -> Range<UInt>? {
        var status = stat()
        guard fstat(file, &status) == 0 else { return nil }
        // Range, permissions, offset, device, inode, path.
        return first { $0.contains(" r--s ") && $0.split(separator: " ").dropFirst(4).first == "\(status.st_ino)" }
    }

    private static func first(where isWanted: (Substring) -> Bool) -> Range<UInt>? {
        guard let lines = text()?.split(separator: "\n"), let line = lines.first(where: isWanted) else { return nil }
        let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
        return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
    }

    private static func text() -> String? {
        let file = systemOpen("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        // The kernel fills a page at most each time; a process has some hundreds of lines of a hundred bytes.
        var part = [UInt8](repeating: 0, count: 4096)
        while case let count = read(file, &part, part.count), count > 0 { bytes += part[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
