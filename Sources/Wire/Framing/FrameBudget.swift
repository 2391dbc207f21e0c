public import Network

/// The bytes that all half-received large frames of a node may take together, so that fifty peers that each announce
/// the greatest frame cannot exhaust the memory.
///
/// A decoder reserves the whole length of a frame before it gathers it, and gives it back when the frame is whole or
/// the connection ends. Because it has the whole length, a frame that was begun can always be finished: frames never
/// wait for each other in a circle. Who holds a reservation without sending is ended by the frame's deadline.
/// While an array grows, the old and the new one exist together: the true peak is up to 1.5 times the limit.
public struct FrameBudget: Sendable {
    /// In bytes.
    public let limit: Int
    /// In bytes, 0…`limit`.
    public private(set) var reserved = 0
    /// The greatest `reserved` so far.
    public private(set) var peak = 0
    /// How often a reservation was refused.
    public private(set) var refusals = 0

    /// A budget of `limit` bytes, but at least one frame of `maxFrameBytes`: a frame that never fits would wait for
    /// ever.
    public init(limit: Int = NetworkLimits.frameBudgetBytes, maxFrameBytes: Int = NetworkLimits.maxFrameBytes) {
        self.limit = max(limit, maxFrameBytes)
    }

    /// Whether `count` bytes could be reserved now.
    public func canReserve(_ count: Int) -> Bool { count <= limit - reserved }

    /// Takes `count` bytes, or refuses and takes none.
    mutating func reserve(_ count: Int) -> Bool {
        guard canReserve(count) else {
            refusals += 1
            return false
        }
        reserved += count
        peak = max(peak, reserved)
        return true
    }

    /// Gives back what `reserve` took.
    mutating func release(_ count: Int) {
        reserved -= count
    }
}
