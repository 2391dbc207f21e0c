internal import Dispatch
internal import Logging
internal import Storage
internal import Synchronization

/// How much room the file system of the store has left, looked at every few seconds on a queue of its own: a disk that hangs
/// then stops neither the loop nor the API, and a scrape costs no system call.
final class StoreSpace: Sendable {
    /// Between two looks. A full disk is hours in the making, and a look costs a microsecond.
    static let interval = DispatchTimeInterval.seconds(10)
    /// Bytes above the mark before a warning is taken back, so that it is not said again and again around the mark.
    private static let slackBytes = DiskSpace.lowBytes / 10

    private struct State {
        var freeBytes: UInt64?
        var isLow = false
    }

    private let directory: String
    private let log: Logger
    private let state = Mutex(State())
    // Made and resumed in the initializer, cancelled at the end: a dispatch source may be cancelled from any thread.
    private nonisolated(unsafe) let timer: any DispatchSourceTimer

    /// Looks once at once.
    init(directory: String, log: Logger) {
        self.directory = directory
        self.log = log
        timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "store-space", qos: .utility))
        timer.schedule(deadline: .now() + StoreSpace.interval, repeating: StoreSpace.interval, leeway: .seconds(1))
        note(DiskSpace(of: directory)?.freeBytes)
        timer.setEventHandler { [weak self] in
            guard let self else { return }
            note(DiskSpace(of: directory)?.freeBytes)
        }
        timer.resume()
    }

    deinit { timer.cancel() }

    func stop() { timer.cancel() }

    /// Bytes, as of the last look; `nil` when the system does not say.
    var freeBytes: UInt64? { state.withLock { $0.freeBytes } }

    /// Keeps a number, and logs when it passes the mark.
    func note(_ freeBytes: UInt64?) {
        let wasLow = state.withLock { state in
            defer { state.freeBytes = freeBytes }
            return state.isLow
        }
        guard let freeBytes else { return }
        if !wasLow, let complaint = StoreSpace.complaint(freeBytes) {
            state.withLock { $0.isLow = true }
            log.warning("\(complaint)", metadata: ["data": "\(directory)", "free_bytes": "\(freeBytes)"])
        } else if wasLow, freeBytes > DiskSpace.lowBytes + StoreSpace.slackBytes {
            state.withLock { $0.isLow = false }
            log.notice("the disk of the store has room again", metadata: ["free_bytes": "\(freeBytes)"])
        }
    }

    /// What is wrong with so few bytes, or `nil`.
    static func complaint(_ freeBytes: UInt64?) -> String? {
        guard let freeBytes, freeBytes < DiskSpace.lowBytes else { return nil }
        return "the disk is nearly full: \(freeBytes >> 20) MiB are left for the store"
    }
}

extension Node {
    /// Bytes that the store's file system has left for the node, at most some seconds old; `nil` when the system does not say.
    public var freeStoreBytes: UInt64? { space.freeBytes }

    /// What an operator should know of the disk, or `nil` when there is room.
    public var storeSpaceComplaint: String? { StoreSpace.complaint(space.freeBytes) }
}
