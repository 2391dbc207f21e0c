public import Network
public import Primitives

/// What stands between the bytes of one connection and its frames, as a value: bytes come in and frames go out, frames come in and
/// bytes go out. No socket, no clock.
///
///     bytes of the socket ──▶ next ──▶ frames ──▶ Dialect.decode ──▶ messages
///     bytes to the socket ◀── seal ◀── frames ◀── Dialect.encode ◀── messages
///
/// The transport is plain: the stream is the frames' own bytes, so nothing is copied on the way in but what comes in pieces, and all
/// receivers of a frame share its array. An encrypted one decrypts before the decoder and seals for each receiver alone; its place is
/// inside this type, and nothing else learns of it but the peer's key, which it would prove.
public struct Transport: Sendable {
    public typealias Step = FrameDecoder.Step

    private var decoder: FrameDecoder

    /// One for a connection that was just opened: until the handshake has come nothing longer than one is let in.
    public init(maxFrameBytes: Int = NetworkLimits.maxFirstFrameBytes) {
        decoder = FrameDecoder(maxFrameBytes: maxFrameBytes)
    }

    // MARK: In

    /// Takes the next frame off the front of `rest`; how to go on stands at `FrameDecoder`.
    public mutating func next(_ rest: inout UnsafeRawBufferPointer, budget: inout FrameBudget, now: Nanoseconds) -> Step {
        decoder.next(&rest, budget: &budget, now: now)
    }

    /// Lets frames of up to so many bytes in, from the next prefix on.
    public mutating func limitFrames(to byteCount: Int) { decoder.maxFrameBytes = byteCount }

    /// Keeps the rest of a read after the caller stopped at a frame.
    public mutating func keep(_ rest: UnsafeRawBufferPointer) { decoder.keep(rest) }

    /// The bytes that were kept, to be gone through before anything newer; there are none afterwards.
    public mutating func takeKept() -> [UInt8] { decoder.takeKept() }

    /// The length of the frame that waits for the budget; `nil` when none does.
    public var waitingByteCount: Int? { decoder.waitingByteCount }

    /// The reason to close the connection at `now` because of half a frame, if there is one.
    public func overdue(at now: Nanoseconds) -> Violation? { decoder.overdue(at: now) }

    /// Bytes of the budget that its frame holds.
    public var reservedByteCount: Int { decoder.reservedByteCount }

    /// Bytes that it holds now, of a frame that is not whole and kept ones.
    public var bufferedByteCount: Int { decoder.bufferedByteCount }

    /// How many bytes are kept.
    public var keptByteCount: Int { decoder.keptByteCount }

    /// Gives a frame that has begun as much more time: for a caller that itself did not read for so long.
    public mutating func extendFrameClock(by pause: Nanoseconds) { decoder.extendFrameClock(by: pause) }

    /// Frees everything and gives the reservation back. For the end of the connection.
    public mutating func discard(budget: inout FrameBudget) { decoder.discard(budget: &budget) }

    // MARK: Out

    /// The bytes that bring a frame to this peer; here the frame itself, whose array all receivers share.
    public mutating func seal(_ frame: [UInt8]) -> [UInt8] { frame }

    /// What must always hold, for tests.
    public func checkInvariants() -> Bool { decoder.checkInvariants() }
}
