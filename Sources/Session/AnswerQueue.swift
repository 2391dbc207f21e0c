internal import DequeModule
internal import Network

/// Block requests on their way to the chain's reader. A peer has one here at most; this bounds what all of them together make the
/// node hold, so that fifty peers that ask for blocks and do not read cannot exhaust its memory.
struct AnswerQueue: Sendable {
    /// First come, first served. A session that closes leaves it.
    private var waiting: Deque<PeerID> = []
    /// Answers that are being read, also for those who have gone since.
    private var underWay = 0

    mutating func append(_ id: PeerID) { waiting.append(id) }

    /// Who has the next answer read, while there is room for it.
    mutating func next(unsentBytes: Int) -> PeerID? {
        guard underWay < SessionLimits.maxAnswersUnderWay, unsentBytes < SessionLimits.unsentBytes, let id = waiting.popFirst() else {
            return nil
        }
        underWay += 1
        return id
    }

    /// An answer was read, or could not be.
    mutating func wasRead() { underWay -= 1 }

    func contains(_ id: PeerID) -> Bool { waiting.contains(id) }

    mutating func remove(_ id: PeerID) { waiting.removeAll { $0 == id } }

    /// Whether somebody waits because the sockets hold too much.
    func lacksRoom(unsentBytes: Int) -> Bool { !waiting.isEmpty && unsentBytes >= SessionLimits.unsentBytes }

    func checkInvariants() -> Bool { (0...SessionLimits.maxAnswersUnderWay).contains(underWay) && Set(waiting).count == waiting.count }
}
