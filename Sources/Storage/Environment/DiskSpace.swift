internal import Platform

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
        guard let space = FileSystem.space(of: path) else { return nil }
        self.init(freeBytes: space.freeBytes, freeFiles: space.freeFiles, isReadOnly: space.isReadOnly)
    }
}
