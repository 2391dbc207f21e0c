import Foundation

// Not in the Swift overlay of the C library.
@_silgen_name("mount")
private func systemMount(
    _ source: UnsafePointer<CChar>?, _ target: UnsafePointer<CChar>, _ type: UnsafePointer<CChar>?, _ flags: UInt,
    _ data: UnsafePointer<CChar>?
) -> Int32
@_silgen_name("unshare")
private func systemUnshare(_ flags: Int32) -> Int32

/// A disk that can fill up: a tmpfs in a mount namespace of one thread, seen by what runs on that thread and by the processes
/// started there. It is gone with the value.
// Unchecked: one job at a time, handed over and back by the semaphores.
public final class SmallDisk: @unchecked Sendable {
    public struct CannotMount: Error {}

    /// Whether this user may mount one here.
    public static let isAvailable: Bool = {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("podoru-disk-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        return (try? SmallDisk(at: path, bytes: 64 << 10)) != nil
    }()
    /// Why tests that need one are skipped.
    public static let unavailable = "a tmpfs cannot be mounted here (that takes root), so there is no small disk to fill"

    private static let newMountNamespace: Int32 = 0x0002_0000
    private static let privateRecursive: UInt = 0x0004_4000
    private static let remount: UInt = 0x20
    private static let readOnly: UInt = 0x1

    /// Where it is mounted.
    public let path: String
    private let callers = NSLock()
    private let wake = DispatchSemaphore(value: 0)
    private let done = DispatchSemaphore(value: 0)
    private var job: (() -> Void)?

    /// - Parameter path: a folder to mount it on, made when missing.
    public init(at path: String, bytes: Int) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let (wake, done) = (wake, done)
        let thread = Thread { [weak self] in
            while true {
                wake.wait()
                // Nothing to do: the disk is gone.
                guard let job = self?.job else { return }
                job()
                done.signal()
            }
        }
        thread.stackSize = 8 << 20
        thread.start()
        let isMounted = try run {
            systemUnshare(SmallDisk.newMountNamespace) == 0 && systemMount("none", "/", nil, SmallDisk.privateRecursive, nil) == 0
                && systemMount("tmpfs", path, "tmpfs", 0, "size=\(bytes)") == 0
        }
        guard isMounted else { throw CannotMount() }
    }

    deinit {
        job = nil
        wake.signal()
    }

    /// Runs `body` on the thread that sees the disk, and waits for it.
    public func run<R>(_ body: @escaping () throws -> R) throws -> R {
        try callers.withLock {
            var result: Result<R, any Error>?
            job = { result = Result { try body() } }
            wake.signal()
            done.wait()
            job = nil
            guard let result else { throw CannotMount() }
            return try result.get()
        }
    }

    /// Gives the disk another size, for writing or for reading only.
    public func remount(bytes: Int, readOnly: Bool = false) throws {
        let flags = SmallDisk.remount | (readOnly ? SmallDisk.readOnly : 0)
        guard try run({ [path] in systemMount("tmpfs", path, "tmpfs", flags, "size=\(bytes)") }) == 0 else { throw CannotMount() }
    }

    /// Takes the room that is left, but for `bytes`, with a file of its own.
    public func fill(leaving bytes: Int = 0) throws {
        try run { [path] in
            let free = try FileManager.default.attributesOfFileSystem(forPath: path)[.systemFreeSize] as? Int ?? 0
            let file = open("\(path)/filling", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            defer { close(file) }
            let zeros = [UInt8](repeating: 0, count: 64 << 10)
            var rest = max(0, free - bytes)
            while rest > 0 {
                let written = write(file, zeros, min(rest, zeros.count))
                // Somebody else was faster: full is full.
                guard written > 0 else { return }
                rest -= written
            }
        }
    }

    /// Takes that file away.
    public func empty() throws {
        try run { [path] in
            // A process that another test starts has it open between its birth and its program: then only this gives the room back.
            truncate("\(path)/filling", 0)
            try FileManager.default.removeItem(atPath: "\(path)/filling")
        }
    }

    /// The files and folders on it, by name.
    public var files: [String] {
        get throws { try run { [path] in try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
    }
}
