internal import CUV
internal import DequeModule
internal import Platform
internal import Synchronization

/// One libuv loop on one thread of its own, which is also an executor for actors and tasks.
///
///     other threads          the loop's thread
///     ─────────────          ───────────────────────────────────────────────
///     execute ─┐             ┌─► timers ─► local queue ─► poll ─┬─► sockets ─┐
///     enqueue ─┴─► inbox ──► │                                  └─► inbox    │
///              one wake-up   └───────────────────────────────────────────────┘
///
/// Sockets, timers and lookups belong to the loop: they are made, used and closed on its thread, and their callbacks
/// come there, directly from libuv: no task, no `await`, no hop. A call from another thread traps with a message.
///
/// A loop runs from ``start(name:)`` until ``stop()``; the running thread keeps it alive.
// Unchecked: what is shared between threads is in `Mutex` and `Atomic`; the rest is touched on the loop's thread only,
// and every entry point checks that it is.
public final class EventLoop: @unchecked Sendable {
    /// The name of the thread, as `ps` and a debugger show it.
    public let name: String

    // Shared between threads.
    let housekeeping: Housekeeping
    let inbox = Mutex(Inbox())
    /// The thread that runs the loop now, or 0.
    let thread = Atomic<UInt>(0)
    let lag = LoopLag()

    // The loop's thread only, once it runs.
    let uvLoop: UnsafeMutablePointer<uv_loop_t>
    let readBuffer: UnsafeMutableRawBufferPointer
    var resolver = Resolver()
    var local: Deque<Work> = []
    /// What waits for the next turn: the sockets are looked at in between.
    var nextTurn: Deque<Work> = []
    var isHousekeepingClosed = false
    /// When the lag timer should run, in nanoseconds of the monotonic clock.
    var lagDue: Int64 = 0
    var isIdling = false
    var isStopping = false
    var openHandles = 0
    /// True when libuv could not let go of its memory, which stays then.
    var isAbandoned = false
    /// Whether a crash report tells when this loop last turned.
    var isWatched = false

    /// Starts a loop on a new thread.
    ///
    /// - Parameter name: the thread's name; the system keeps the first 15 bytes.
    /// - Throws: when the system has no descriptors, memory or threads left.
    public static func start(name: String = "event-loop") throws(EventLoopError) -> EventLoop {
        let loop = try EventLoop(name: name)
        var thread = uv_thread_t()
        let retained = Unmanaged.passRetained(loop)
        let code = uv_thread_create(&thread, { argument in argument.map(EventLoop.runThread) }, retained.toOpaque())
        guard code == 0 else {
            retained.release()
            loop.discardUnstarted()
            throw EventLoopError(.start, uv: code)
        }
        return loop
    }

    private init(name: String) throws(EventLoopError) {
        self.name = name
        uvLoop = .allocate(capacity: 1)
        readBuffer = .allocate(byteCount: EventLoopLimits.readBufferBytes, alignment: 16)
        housekeeping = Housekeeping()
        let code = uv_loop_init(uvLoop)
        guard code == 0 else { throw EventLoopError(.start, uv: code) }
        uvLoop.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        let opened = housekeeping.open(on: uvLoop)
        guard opened == 0 else {
            discardUnstarted()
            throw EventLoopError(.start, uv: opened)
        }
    }

    /// Closes a loop whose thread never came to be: there is nobody else to run the close callbacks.
    private func discardUnstarted() {
        housekeeping.close()
        uv_run(uvLoop, UV_RUN_DEFAULT)
        uv_loop_close(uvLoop)
    }

    deinit {
        if !isAbandoned {
            uvLoop.deallocate()
            readBuffer.deallocate()
        }
    }
}

extension EventLoop {
    /// Whether the caller runs on the loop. A few nanoseconds.
    public var isOnLoop: Bool { thread.load(ordering: .relaxed) == podoru_uv_this_thread() }

    /// Traps unless the caller runs on the loop: using a socket from another thread is a programming error that would
    /// corrupt libuv's memory.
    @inline(__always)
    public func preconditionOnLoop() {
        precondition(isOnLoop, "this may only be used on the event loop's own thread")
    }

    /// The version of libuv that runs.
    public static var libraryVersion: String { String(cString: uv_version_string()) }

    /// Nanoseconds of the monotonic clock that all loops of the process share. About 30 ns.
    public var now: Int64 { SystemClock.uptime }

    /// When the loop last looked at the clock, in nanoseconds of ``now``, to a millisecond: the start of this turn or of what
    /// it has just waited for. Free of charge, and good enough to mark when bytes came. On the loop only.
    public var turnTime: Int64 { Int64(uv_now(uvLoop)) * 1_000_000 }

    /// How many listeners, connections and timers of this loop hold a libuv handle. On the loop only.
    public var openHandleCount: Int {
        preconditionOnLoop()
        return openHandles
    }
}

/// The bounds of an event loop, each once.
public enum EventLoopLimits {
    /// Bytes read by one system call, into the one buffer that all connections of a loop share. 64 KiB is what libuv
    /// suggests and the largest read that a socket's default buffer fills at once; larger measured no better.
    public static let readBufferBytes = 64 * 1024

    /// Jobs and posts run in one turn before the sockets are looked at again, so that work that makes more work cannot
    /// starve them: 1024 × 1 µs keeps a turn around a millisecond.
    public static let workPerTurn = 1024

    /// How often the loop measures how late it is. Twice a second sees a stall soon and costs nothing.
    public static let lagInterval = Duration.milliseconds(500)

    /// Names that threads ask the system for at once. A name whose server is silent holds its thread for half a minute, and a
    /// configuration has up to 64 peers of which some may be such; a thread that waits costs some ten kilobytes.
    public static let concurrentLookups = 32

    /// Of these, the most that names which took long the last time may hold: the rest is for names that are answered.
    public static let slowLookups = 24

    /// A lookup that takes longer took long. A name server answers within a second, or its first packet was lost.
    public static let slowLookup = Duration.seconds(3)

    /// Names that are known to take long; the oldest is forgotten for another one. Four times the peers of a configuration.
    public static let slowNames = 256

    /// Lookups that have no answer yet; more are refused. A list of 1000 peers is dialled in far smaller steps.
    public static let pendingLookups = 256

    /// Addresses of one name that are tried. Real hosts have two to four; a hostile name could have hundreds.
    public static let addressesPerName = 8

    /// How long connecting may take, with lookup and all addresses.
    public static let connectDeadline = Duration.seconds(10)

    /// How long a graceful close may take to flush what is queued.
    public static let flushDeadline = Duration.seconds(5)

    /// Arrays handed to one write call: one `writev` of 64 × 10 KB fills a socket's buffer anyway.
    public static let buffersPerWrite = 64

    /// Bytes handed to one write call. Arrays are freed and marks looked at when a call is done, so this is the step.
    public static let bytesPerWrite = 1024 * 1024

    /// File descriptors that accepting leaves to the store, its files and the lookups.
    public static let reservedDescriptors = 32

    /// How long a listener rests when descriptors or memory ran out.
    public static let acceptPause = Duration.seconds(1)
}
