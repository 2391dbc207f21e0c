internal import DequeModule
internal import Network

/// Frames that nobody waits for, on their way to the sockets a few a turn of the loop.
///
/// A batch of 100 transactions is a frame of 60 KB, and writing it to one socket takes some 40 µs. In one go to fifty peers, that
/// is 2 ms in which no ping is answered and no block is relayed.
struct BulkQueue: Sendable {
    private var waiting: Deque<(id: PeerID, frame: [UInt8])> = []
    /// A next turn is ordered.
    private var isDraining = false

    /// Adds a frame. Returns whether a turn must be ordered for it.
    mutating func append(_ frame: [UInt8], to id: PeerID) -> Bool {
        waiting.append((id, frame))
        defer { isDraining = true }
        return !isDraining
    }

    /// More wait than may: all are to be written at once.
    var isOverfull: Bool { waiting.count > SessionLimits.maxBulkFrames }

    /// A turn has come, whose frames are written. Returns whether a further one must be ordered.
    mutating func endTurn() -> Bool {
        isDraining = !waiting.isEmpty
        return isDraining
    }

    mutating func next() -> (id: PeerID, frame: [UInt8])? { waiting.popFirst() }

    func checkInvariants() -> Bool { (waiting.isEmpty || isDraining) && !isOverfull }
}
