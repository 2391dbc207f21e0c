internal import Platform
internal import SystemPackage

/// Where files are mapped into this process, as Linux tells it (proc(5), `/proc/self/maps`).
enum MemoryRanges {
    /// The code of the LMDB library; `nil` where it is part of the program or the system does not tell.
    static func ofLibrary() -> Range<UInt>? {
        first { line in
            line.contains(" r-xp ") && (line.split(separator: "/").last?.starts(with: "liblmdb.so") ?? false)
        }
    }

    /// The first shared map of an open file; `nil` where the system does not tell.
    static func ofFile(_ file: FileDescriptor) -> Range<UInt>? {
        guard let status = try? file.status() else { return nil }
        // Range, permissions, offset, device, inode, path.
        return first { $0.contains(" r--s ") && $0.split(separator: " ").dropFirst(4).first == "\(status.inode.rawValue)" }
    }

    private static func first(where isWanted: (Substring) -> Bool) -> Range<UInt>? {
        guard let lines = text()?.split(separator: "\n"), let line = lines.first(where: isWanted) else { return nil }
        let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
        return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
    }

    private static func text() -> String? {
        bytes(of: "/proc/self/maps", atMost: maxListBytes).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A process has some hundreds of maps, with a line of a hundred bytes each.
    private static let maxListBytes = 1 << 20

    /// What a file of /proc says.
    static func bytes(of path: String, atMost limit: Int) -> [UInt8]? {
        guard let file = try? FileDescriptor(opening: path, .readOnly) else { return nil }
        defer { file.closeQuietly() }
        return try? file.readToEnd(atMost: limit)
    }
}
