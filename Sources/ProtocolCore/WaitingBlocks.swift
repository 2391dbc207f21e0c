internal import Network
internal import Primitives

/// A block that a peer sent, before it is in validation.
struct ReceivedBlock: Sendable {
    let hash: Hash32
    let height: UInt64
    /// The payload as it arrived, which is also what is relayed.
    let payload: [UInt8]
    let from: PeerID
    /// When its frame was complete.
    let receivedAt: Nanoseconds
}

/// Blocks that arrived before their parent was validated: a small waiting room, so that a burst of blocks or a block that
/// overtook its parent needs no request.
struct WaitingBlocks: Sendable {
    private var candidates: [ReceivedBlock] = []
    private var byteCount = 0

    /// Keeps a candidate; when the room is full the highest one goes, because the others are needed first.
    mutating func add(_ candidate: ReceivedBlock) {
        guard candidate.payload.count <= CoreLimits.waitingBlockBytes else { return }
        candidates.append(candidate)
        byteCount += candidate.payload.count
        while candidates.count > CoreLimits.waitingBlocks || byteCount > CoreLimits.waitingBlockBytes {
            let highest = candidates.indices.max { candidates[$0].height < candidates[$1].height } ?? 0
            byteCount -= candidates.remove(at: highest).payload.count
        }
    }

    /// Takes the candidates for `height` out, in the order of their arrival, and forgets what is below it.
    mutating func take(height: UInt64) -> [ReceivedBlock] {
        let taken = candidates.filter { $0.height == height }
        candidates.removeAll { $0.height <= height }
        byteCount = candidates.reduce(0) { $0 + $1.payload.count }
        return taken
    }

    func contains(height: UInt64) -> Bool { candidates.contains { $0.height == height } }
    var isEmpty: Bool { candidates.isEmpty }
}
