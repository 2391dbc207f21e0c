public import Network
public import Wire

// What the table tells whoever drives it.
extension SessionTable {
    /// What `take` found.
    public enum Taken {
        /// Take it, then ask again.
        case frame(Frame)
        /// The core is to hear of it.
        case violation(Violation)
        /// `rest` is used up or kept.
        case nothing
    }

    /// A message in the words of those of its receivers who speak one dialect.
    public struct Encoded: Sendable {
        /// `nil` when the dialect cannot say it.
        public let frame: [UInt8]?
        public let receivers: [PeerID]
        /// Those who speak another one.
        public let others: [PeerID]
    }

    /// What became of a write.
    public enum Written: Sendable {
        /// Nothing that the core should know.
        case noted
        /// The queue has no room for it: this peer alone is to be dropped.
        case refused
        /// The peer's answer is on its way: it may have the next one.
        case answered
    }

    /// What a check found out about a session.
    public enum Finding: Sendable {
        /// This node does not read it: its silence says nothing.
        case notRead(PeerID)
        /// Its frame should be whole by now.
        case overdue(PeerID, Violation)
        /// It takes nothing and keeps others from their answers.
        case stuck(PeerID)
    }
}

// What tests ask after each step.
extension SessionTable {
    /// What is left of a connection that has gone; nothing when it is forgotten. Bulk for it may still wait its turn, and is dropped then.
    package func remnants(of id: PeerID) -> [String] {
        var left: [String] = []
        if sessions.contains(id) { left.append("a session") }
        if budgetQueue.contains(id) { left.append("a place in the queue for the budget") }
        if resuming.contains(id) { left.append("a turn to go on") }
        if answers.contains(id) { left.append("a request for blocks") }
        return left
    }

    /// Sentences about what does not hold between two calls. Costs a walk over everything.
    package func checkInvariants() -> [String] {
        var broken = sessions.checkInvariants() + sessions.flatMap { $0.checkInvariants() }
        func expect(_ queue: [PeerID], _ ids: [PeerID], _ what: String) {
            if queue.sorted() != ids.sorted() { broken.append("\(ids) \(what), in the queue are \(queue)") }
        }
        expect(Array(budgetQueue), sessions.filter { $0.isPaused(for: .budget) }.map(\.id), "wait for the budget")
        expect(Array(resuming), sessions.filter { $0.intake == .resuming }.map(\.id), "may go on")
        let unsent = sessions.reduce(0) { $0 + $1.queue.byteCount }
        if unsent != unsentBytes { broken.append("\(unsent) bytes wait in the sockets, counted are \(unsentBytes)") }
        let reserved = sessions.reduce(0) { $0 + $1.transport.reservedByteCount }
        if reserved != budget.reserved { broken.append("\(reserved) bytes are reserved, \(budget.reserved) in the budget") }
        if !answers.checkInvariants() { broken.append("answers are under way beyond their number, or a peer has two") }
        if !bulk.checkInvariants() { broken.append("bulk waits without a turn, or more than may") }
        return broken
    }
}
