internal import Platform
internal import SystemPackage

/// The right to write to one data directory, held through `flock` on its `LOCK` file.
///
/// The kernel drops it when the process ends, however it ends, so there is no stale lock to clean up. The first line of the
/// file is the process id of the holder, for the message that the second opener gets; a second line says that the
/// directory has had a store, so that an emptied one is not taken for one that was never made.
final class DirectoryLock {
    static let fileName = "LOCK"
    private static let mark = "store\n"
    private let file: FileDescriptor
    private let path: String
    /// Whether a store was made in this directory.
    private(set) var knowsStore: Bool

    /// `isHeld` of another process holds a shared lock for microseconds; a taker that meets it looks again so often,
    /// `retryMilliseconds` apart, before it says that the directory is taken.
    private static let retries = 5
    private static let retryMilliseconds: Int64 = 10

    /// Takes the lock, or throws `StoreError.locked` within 50 ms.
    init(directory: String) throws(StoreError) {
        let path = directory + "/" + DirectoryLock.fileName
        do throws(Errno) {
            file = try FileDescriptor(opening: path, .readWrite, .create, mode: 0o600)
        } catch {
            throw StoreError(.lock, errno: error, path: path)
        }
        self.path = path
        do throws(Errno) {
            try DirectoryLock.take(file)
        } catch {
            let holder = DirectoryLock.readHolder(file)
            file.closeQuietly()
            guard error == .wouldBlock else { throw StoreError(.lock, errno: error, path: path) }
            let who = holder.map { "process \($0)" } ?? "another process"
            throw StoreError(.lock, .locked(holder: holder), path: directory, detail: "\(who) has it open for writing")
        }
        knowsStore = DirectoryLock.text(file).hasSuffix("\n" + DirectoryLock.mark)
        // The id is a courtesy to the next opener; the lock itself holds without it.
        try? write()
    }

    /// Takes the lock, patient with those who only look.
    private static func take(_ file: FileDescriptor) throws(Errno) {
        for _ in 0..<retries {
            do throws(Errno) {
                return try file.lock(.exclusive)
            } catch {
                if error != .wouldBlock { throw error }
                SystemClock.sleep(milliseconds: retryMilliseconds)
            }
        }
        try file.lock(.exclusive)
    }

    /// Notes that the directory has a store, for good.
    func noteStore() throws(StoreError) {
        guard !knowsStore else { return }
        knowsStore = true
        do throws(Errno) {
            try write()
            try file.flush()
        } catch {
            throw StoreError(.lock, errno: error, path: path)
        }
    }

    private func write() throws(Errno) {
        let text = Array(("\(ThisProcess.id)\n" + (knowsStore ? DirectoryLock.mark : "")).utf8)
        guard try file.writeBytes(text, at: 0) == text.count else { throw .noSpace }
        try file.setLength(Int64(text.count))
    }

    /// True when some process holds the lock now. Creates nothing.
    static func isHeld(directory: String) -> Bool {
        guard let file = try? FileDescriptor(opening: directory + "/" + fileName, .readOnly) else { return false }
        defer { file.closeQuietly() }
        return (try? file.lock(.shared)) == nil
    }

    /// Who holds the lock now. Creates nothing.
    static func holder(directory: String) -> StoreHolder {
        let file: FileDescriptor
        do throws(Errno) {
            file = try FileDescriptor(opening: directory + "/" + fileName, .readOnly)
        } catch {
            return error == .noSuchFileOrDirectory || error == .notDirectory ? .nobody : .unknown
        }
        defer { file.closeQuietly() }
        do throws(Errno) {
            try file.lock(.shared)
            return .nobody
        } catch {
            return error == .wouldBlock ? .process(readHolder(file)) : .unknown
        }
    }

    private static func readHolder(_ file: FileDescriptor) -> Int32? {
        Int32(text(file).prefix { $0 != "\n" })
    }

    private static func text(_ file: FileDescriptor) -> String {
        // An id of up to ten digits and the mark.
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = (try? file.readBytes(into: &buffer, at: 0)) ?? 0
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    deinit {
        // Closing releases the lock. The file stays: removing it would race with the next opener.
        file.closeQuietly()
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
