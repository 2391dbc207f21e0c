#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What the file system of a path has left for this user.
public struct DiskSpace: Hashable, Sendable {
    public var freeBytes: UInt64
    /// Files that can still be made; `nil` where the file system counts none, such as Btrfs.
    public var freeFiles: UInt64?
    /// Whether it is mounted for reading only.
    public var isReadOnly: Bool

    /// Less than this is nearly full: a sync commits up to 100 blocks of 1 MiB at once, and ten such commits should fit, so that
    /// an operator has time to act.
    public static let lowBytes: UInt64 = 1 << 30
    /// Less than this is full: the next large commit may fail.
    public static let fullBytes: UInt64 = 128 << 20

    public init(freeBytes: UInt64, freeFiles: UInt64? = nil, isReadOnly: Bool = false) {
        self.freeBytes = freeBytes
        self.freeFiles = freeFiles
        self.isReadOnly = isReadOnly
    }

    /// Asks the system; `nil` when it does not say. May block for as long as the file system does.
    public init?(of path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        self.init(
            freeBytes: UInt64(status.f_bavail) * UInt64(status.f_frsize),
            freeFiles: status.f_files > 0 ? UInt64(status.f_favail) : nil, isReadOnly: status.f_flag & UInt(ST_RDONLY) != 0)
    }
}
