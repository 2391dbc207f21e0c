/// How a connection behaves. The defaults suit peers that exchange frames of up to 10 MiB.
public struct TCPOptions: Hashable, Sendable {
    /// Whether small writes go out at once (TCP_NODELAY) instead of waiting up to 40 ms for company.
    public var sendsAtOnce = true

    /// After how much silence the system probes whether the other end is alive, or `nil` for never. Whole seconds. The
    /// probes' own interval and number are the system's.
    public var keepAlive: Duration?

    /// Queued bytes above which the connection says so. 1 MiB: more than a socket's buffers hold, so the receiver is slow.
    public var highWaterBytes = 1024 * 1024

    /// Queued bytes at or below which it says that it has caught up. A quarter, so that it does not flap.
    public var lowWaterBytes = 256 * 1024

    /// Queued bytes that no write may exceed. 16 MiB: a frame of 10 MiB fits behind a full mark, two do not.
    public var queueCapBytes = 16 * 1024 * 1024

    public init() {}
}

/// Why a connection has closed.
public enum CloseReason: Hashable, Sendable {
    /// This side closed it, and all that was written had been handed to the system or, for an immediate close, dropped.
    case requested
    /// The peer ended its stream, then this side closed.
    case ended
    /// A graceful close could not flush in time.
    case flushTimedOut
    /// The system reported an error: a reset, an unreachable host.
    case failed(EventLoopError)
    /// The loop stopped.
    case loopStopped
}

extension CloseReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .requested: "closed by this side"
        case .ended: "ended by the peer"
        case .flushTimedOut: "the peer did not take what was still to be sent"
        case .failed(let error): error.description
        case .loopStopped: "the event loop stopped"
        }
    }
}

/// Who listens to a connection. All calls come on the loop's thread, straight from libuv, and never inside a call that the
/// delegate makes to the connection.
///
/// A class-bound protocol, not closures: a call costs the same, and a connection needs no context for each closure.
public protocol TCPConnectionDelegate: AnyObject {
    /// Bytes have arrived. `bytes` is the loop's own buffer, valid during the call only: take what is to stay.
    func connection(_ connection: TCPConnection, didRead bytes: UnsafeRawBufferPointer)

    /// The peer ended its stream: nothing more will be read, but writing goes on working. The default closes gracefully.
    func connectionDidEnd(_ connection: TCPConnection)

    /// More than ``TCPOptions/highWaterBytes`` are queued: stop giving it work, and drop it when that lasts.
    func connectionDidRiseAboveHighWater(_ connection: TCPConnection)

    /// The system has taken something of the queue, in which so many bytes are left. Not told of what a write hands over at once.
    func connection(_ connection: TCPConnection, didDrainTo byteCount: Int)

    /// The queue is down to ``TCPOptions/lowWaterBytes`` after it was above the high mark.
    func connectionDidFallToLowWater(_ connection: TCPConnection)

    /// The connection is gone. The last call, made exactly once for a connection that had a delegate.
    func connectionDidClose(_ connection: TCPConnection, reason: CloseReason)
}

extension TCPConnectionDelegate {
    public func connectionDidEnd(_ connection: TCPConnection) { connection.close(flushingWithin: EventLoopLimits.flushDeadline) }
    public func connection(_ connection: TCPConnection, didDrainTo byteCount: Int) {}
    public func connectionDidRiseAboveHighWater(_ connection: TCPConnection) {}
    public func connectionDidFallToLowWater(_ connection: TCPConnection) {}
}
