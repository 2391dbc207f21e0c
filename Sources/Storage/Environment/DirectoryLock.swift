#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The right to write to one data directory, held through `flock` on its `LOCK` file.
///
/// The kernel drops it when the process ends, however it ends, so there is no stale lock to clean up. The first line of the
/// file is the process id of the holder, for the message that the second opener gets; a second line says that the
/// directory has had a store, so that an emptied one is not taken for one that was never made.
final class DirectoryLock {
    static let fileName = "LOCK"
    private static let mark = "store\n"
    private let descriptor: Int32
    private let path: String
    /// Whether a store was made in this directory.
    private(set) var knowsStore: Bool

    /// `isHeld` of another process holds a shared lock for microseconds; a taker that meets it looks again so often,
    /// `retryMicroseconds` apart, before it says that the directory is taken.
    private static let retries = 5
    private static let retryMicroseconds: UInt32 = 10_000

    /// Takes the lock, or throws `StoreError.locked` within 50 ms.
    init(directory: String) throws(StoreError) {
        let path = directory + "/" + DirectoryLock.fileName
        let file = systemOpen(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw StoreError(errno: .lock, path: path) }
        var reason: Int32 = 0
        for attempt in 0...DirectoryLock.retries {
            if attempt > 0 { usleep(DirectoryLock.retryMicroseconds) }
            reason = flock(file, LOCK_EX | LOCK_NB) == 0 ? 0 : errno
            if reason != EWOULDBLOCK { break }
        }
        guard reason == 0 else {
            let holder = DirectoryLock.readHolder(file)
            close(file)
            guard reason == EWOULDBLOCK else { throw StoreError(.lock, code: reason, path: path) }
            let who = holder.map { "process \($0)" } ?? "another process"
            throw StoreError(.lock, .locked(holder: holder), path: directory, detail: "\(who) has it open for writing")
        }
        descriptor = file
        self.path = path
        knowsStore = DirectoryLock.text(file).hasSuffix("\n" + DirectoryLock.mark)
        // The id is a courtesy to the next opener; the lock itself holds without it.
        _ = write()
    }

    /// Notes that the directory has a store, for good.
    func noteStore() throws(StoreError) {
        guard !knowsStore else { return }
        knowsStore = true
        guard write(), fsync(descriptor) == 0 else { throw StoreError(errno: .lock, path: path) }
    }

    private func write() -> Bool {
        let text = Array(("\(getpid())\n" + (knowsStore ? DirectoryLock.mark : "")).utf8)
        let count = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        return count == text.count && ftruncate(descriptor, off_t(count)) == 0
    }

    /// True when some process holds the lock now. Creates nothing.
    static func isHeld(directory: String) -> Bool {
        let file = systemOpen(directory + "/" + fileName, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return flock(file, LOCK_SH | LOCK_NB) != 0
    }

    /// Who holds the lock now. Creates nothing.
    static func holder(directory: String) -> StoreHolder {
        let file = systemOpen(directory + "/" + fileName, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return errno == ENOENT || errno == ENOTDIR ? .nobody : .unknown }
        defer { close(file) }
        guard flock(file, LOCK_SH | LOCK_NB) != 0 else { return .nobody }
        return errno == EWOULDBLOCK ? .process(readHolder(file)) : .unknown
    }

    private static func readHolder(_ file: Int32) -> Int32? {
        Int32(text(file).prefix { $0 != "\n" })
    }

    private static func text(_ file: Int32) -> String {
        // An id of up to ten digits and the mark.
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = buffer.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
        return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
    }

    deinit {
        // Closing releases the lock. The file stays: removing it would race with the next opener.
        close(descriptor)
    }
}

/// Who has the store of a data directory open for writing.
public enum StoreHolder: Hashable, Sendable {
    case nobody
    /// Its process id, where it could be read.
    case process(Int32?)
    /// This user may not look, or the file system cannot say.
    case unknown

    /// Looks now. Creates nothing; a node that starts in these microseconds waits for them.
    public init(of directory: String) {
        self = DirectoryLock.holder(directory: directory)
    }
}
