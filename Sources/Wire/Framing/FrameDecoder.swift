public import Network
public import Primitives

/// One whole frame without its prefix.
public enum Frame {
    /// Lies in the bytes that were just read and lives as long as they do: nothing was copied.
    case borrowed(UnsafeRawBufferPointer)
    /// Came in several reads and was gathered.
    case owned([UInt8])

    public var count: Int {
        switch self {
        case .borrowed(let bytes): bytes.count
        case .owned(let bytes): bytes.count
        }
    }

    /// Gives `body` the frame's bytes, valid during the call.
    @inlinable
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        switch self {
        case .borrowed(let bytes):
            return try body(bytes)
        case .owned(let array):
            // The standard function loses the type of the error, so the result is carried out.
            let result: Result<R, E> = array.withUnsafeBytes { bytes in
                do throws(E) { return .success(try body(bytes)) } catch { return .failure(error) }
            }
            return try result.get()
        }
    }
}

/// Cuts a stream of bytes into frames: a `UInt32` big-endian length N, then N bytes (`protocol.md`, "Frame").
///
///     prefix ──4 bytes──▶ whole frame in the read? ──yes──▶ .borrowed
///                              │ no                         (no copy)
///                              ├─ small, or budget granted ─▶ gathering ──▶ .owned
///                              └─ budget refused ──▶ waiting, the rest is kept
///
/// One decoder a connection. The caller pulls, so that it may do anything between two frames, also close:
///
///     var rest = bytes
///     loop: while true {
///         switch decoder.next(&rest, budget: &budget, now: now) {
///         case .frame(let frame): …          // stop reading here? decoder.keep(rest), break loop
///         case .needMore: break loop         // rest is empty
///         case .waitingForBudget: break loop // stop reading the socket; the decoder has kept the rest
///         case .violation(let violation): …  // close
///         }
///     }
///
/// To go on after a stop, run the same loop over `takeKept()` before anything newer. When the connection ends, call
/// `discard(budget:)`.
///
/// Memory: at most one frame being gathered (an array that doubles with what really came and never passes the frame)
/// and the rest of one read. Cost: a frame that lies whole in a read costs the reading of its prefix.
public struct FrameDecoder: Sendable {
    /// What `next` found.
    public enum Step {
        case frame(Frame)
        /// All bytes are used up and no frame is whole.
        case needMore
        /// A large frame has begun and the budget has no room for it: read no more from this connection until
        /// `budget.canReserve(waitingByteCount)`, then go on with `takeKept()`. Let the longest waiting go first.
        case waitingForBudget
        /// The connection must be closed. From here on the decoder says nothing else.
        case violation(Violation)
    }

    private enum State {
        /// `count` bytes of the prefix have come; they are in `word`.
        case prefix(word: UInt32, count: Int)
        /// The prefix has come; the budget had no room for so many bytes.
        case waiting(Int)
        /// So many bytes are being gathered in `gathered`.
        case gathering(Int)
        case failed(Violation)
    }

    /// The longest frame that is let in, in bytes. Until the handshake has come `NetworkLimits.maxFirstFrameBytes` is
    /// enough for anything honest. A new value holds from the next prefix on.
    public var maxFrameBytes: Int

    private var state = State.prefix(word: 0, count: 0)
    private var gathered: [UInt8] = []
    private var reserved = 0
    private var begun: Nanoseconds = 0
    private var kept: [UInt8] = []

    public init(maxFrameBytes: Int = NetworkLimits.maxFrameBytes) {
        self.maxFrameBytes = maxFrameBytes
    }

    /// Takes the next frame off the front of `rest`. `now` only marks when a frame began.
    public mutating func next(_ rest: inout UnsafeRawBufferPointer, budget: inout FrameBudget, now: Nanoseconds) -> Step {
        switch state {
        case .prefix(let word, let count):
            if count == 0, rest.count >= NetworkLimits.prefixBytes {
                let length = Int(UInt32(bigEndian: rest.loadUnaligned(as: UInt32.self)))
                rest = UnsafeRawBufferPointer(rebasing: rest[NetworkLimits.prefixBytes...])
                return begin(length, &rest, budget: &budget, now: now)
            }
            return readPrefix(word, count, &rest, budget: &budget, now: now)
        case .waiting(let length):
            return gather(length, &rest, budget: &budget, now: now)
        case .gathering(let length):
            return fill(length, &rest, budget: &budget)
        case .failed(let violation):
            return .violation(violation)
        }
    }

    /// A prefix that came in pieces.
    private mutating func readPrefix(
        _ word: UInt32, _ count: Int, _ rest: inout UnsafeRawBufferPointer, budget: inout FrameBudget, now: Nanoseconds
    ) -> Step {
        if rest.isEmpty { return .needMore }
        if count == 0 { begun = now }
        let missing = min(NetworkLimits.prefixBytes - count, rest.count)
        let grown = rest[..<missing].reduce(word) { $0 << 8 | UInt32($1) }
        rest = UnsafeRawBufferPointer(rebasing: rest[missing...])
        state = .prefix(word: grown, count: count + missing)
        if count + missing < NetworkLimits.prefixBytes { return .needMore }
        return begin(Int(grown), &rest, budget: &budget, now: now)
    }

    /// The length is known; decides from it alone whether the frame is let in.
    private mutating func begin(_ length: Int, _ rest: inout UnsafeRawBufferPointer, budget: inout FrameBudget, now: Nanoseconds) -> Step {
        if length == 0 { return fail(.emptyFrame) }
        if length > maxFrameBytes { return fail(.frameTooLong(byteCount: length, limit: maxFrameBytes)) }
        if rest.count >= length {
            let frame = UnsafeRawBufferPointer(rebasing: rest[..<length])
            rest = UnsafeRawBufferPointer(rebasing: rest[length...])
            state = .prefix(word: 0, count: 0)
            return .frame(.borrowed(frame))
        }
        if case .prefix(_, 0) = state { begun = now }
        return gather(length, &rest, budget: &budget, now: now)
    }

    /// The frame is not whole in this read: reserves its length if it is large, and gathers.
    private mutating func gather(_ length: Int, _ rest: inout UnsafeRawBufferPointer, budget: inout FrameBudget, now: Nanoseconds) -> Step {
        if length > NetworkLimits.freeFrameBytes {
            guard budget.reserve(length) else {
                state = .waiting(length)
                keep(rest)
                rest = UnsafeRawBufferPointer(start: nil, count: 0)
                return .waitingForBudget
            }
            reserved = length
            // The wait was ours, not the peer's.
            if case .waiting = state { begun = now }
        }
        state = .gathering(length)
        return fill(length, &rest, budget: &budget)
    }

    private mutating func fill(_ length: Int, _ rest: inout UnsafeRawBufferPointer, budget: inout FrameBudget) -> Step {
        let missing = length - gathered.count
        let piece = UnsafeRawBufferPointer(rebasing: rest[..<min(missing, rest.count)])
        let needed = gathered.count + piece.count
        if needed > gathered.capacity { gathered.reserveCapacity(min(length, 2 * needed)) }
        gathered.append(contentsOf: piece)
        rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
        guard needed == length else { return .needMore }
        let frame = gathered
        gathered = []
        state = .prefix(word: 0, count: 0)
        returnReservation(to: &budget)
        return .frame(.owned(frame))
    }

    private mutating func fail(_ violation: Violation) -> Step {
        state = .failed(violation)
        return .violation(violation)
    }

    private mutating func returnReservation(to budget: inout FrameBudget) {
        budget.release(reserved)
        reserved = 0
    }
}

// MARK: - Stopping and going on

extension FrameDecoder {
    /// Keeps the rest of a read after the caller stopped at a frame. Nothing may be read from the connection before the
    /// kept bytes are taken, so this is never more than one read; what is kept twice is joined in order.
    public mutating func keep(_ rest: UnsafeRawBufferPointer) {
        kept.append(contentsOf: rest)
    }

    /// The bytes that were kept, to run the loop over; the decoder has none afterwards.
    public mutating func takeKept() -> [UInt8] {
        let bytes = kept
        kept = []
        return bytes
    }

    /// How many bytes are kept.
    public var keptByteCount: Int { kept.count }

    /// The length of the frame that waits for the budget; `nil` when none does.
    public var waitingByteCount: Int? {
        if case .waiting(let length) = state { return length }
        return nil
    }

    /// Frees everything and gives the reservation back. For the end of the connection.
    public mutating func discard(budget: inout FrameBudget) {
        returnReservation(to: &budget)
        self = FrameDecoder(maxFrameBytes: maxFrameBytes)
    }
}

// MARK: - Half a frame for ever

extension FrameDecoder {
    /// Whether a frame has begun and is not whole. One that waits for the budget does not count.
    public var isMidFrame: Bool { midFrameSince != nil }

    /// When the frame that is not whole began, or got its reservation.
    public var midFrameSince: Nanoseconds? {
        switch state {
        case .prefix(_, let count): count > 0 ? begun : nil
        case .gathering: begun
        case .waiting, .failed: nil
        }
    }

    /// When the frame that is not whole must be; `nil` between frames and while one waits for the budget.
    public var frameDeadline: Nanoseconds? {
        guard let midFrameSince else { return nil }
        var length = 0
        if case .gathering(let bytes) = state { length = bytes }
        return midFrameSince + NetworkLimits.frameAllowance(byteCount: length)
    }

    /// The reason to close the connection at `now` because of half a frame, if there is one.
    public func overdue(at now: Nanoseconds) -> Violation? {
        guard let frameDeadline, now >= frameDeadline else { return nil }
        switch state {
        case .gathering(let length): return .frameTooSlow(received: gathered.count, byteCount: length)
        case .prefix(_, let count): return .frameTooSlow(received: count, byteCount: NetworkLimits.prefixBytes)
        case .waiting, .failed: return nil
        }
    }

    /// Gives the frame as much more time: for a caller that itself did not read for so long, in the middle of a frame.
    public mutating func extendFrameClock(by pause: Nanoseconds) {
        begun += max(0, pause)
    }

    /// Bytes that this decoder holds now: the frame being gathered and what was kept.
    public var bufferedByteCount: Int { gathered.count + kept.count }

    /// Bytes of the budget that this decoder holds.
    public var reservedByteCount: Int { reserved }

    /// The room of the gathering buffer in bytes, for tests.
    var gatheringCapacity: Int { gathered.capacity }

    /// What must always hold, for tests.
    public func checkInvariants() -> Bool {
        switch state {
        case .prefix(_, let count):
            return gathered.isEmpty && reserved == 0 && (0..<NetworkLimits.prefixBytes).contains(count)
        case .waiting(let length):
            return gathered.isEmpty && reserved == 0 && length > NetworkLimits.freeFrameBytes
        case .gathering(let length):
            return gathered.count < length && reserved == (length > NetworkLimits.freeFrameBytes ? length : 0)
        case .failed:
            return gathered.isEmpty && reserved == 0
        }
    }
}
