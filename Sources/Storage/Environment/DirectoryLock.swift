#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The right to write to one data directory, held through `flock` on its `LOCK` file.
///
/// The kernel drops it when the process ends, however it ends, so there is no stale lock to clean up. The file holds
/// the process id of the holder for the message that the second opener gets.
struct DirectoryLock: ~Copyable {
    static let fileName = "LOCK"
    private let descriptor: Int32

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
        let text = Array("\(getpid())\n".utf8)
        // The id is a courtesy to the next opener; the lock itself holds without it.
        if ftruncate(file, 0) == 0 { _ = text.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) } }
    }

    /// True when some process holds the lock now. Creates nothing.
    static func isHeld(directory: String) -> Bool {
        let file = systemOpen(directory + "/" + fileName, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return flock(file, LOCK_SH | LOCK_NB) != 0
    }

    private static func readHolder(_ file: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = buffer.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return nil }
        return Int32(String(decoding: buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    deinit {
        // Closing releases the lock. The file stays: removing it would race with the next opener.
        close(descriptor)
    }
}
