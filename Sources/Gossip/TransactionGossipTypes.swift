public import Network
public import Primitives

/// A transaction as gossip knows it: the bytes as they were relayed and their SHA-256, the gossip id.
///
/// Not the transaction's own id, which covers neither signature nor encoding: two encodings are two items here, and the
/// mempool sees that they are one.
public struct GossipTransaction: Hashable, Sendable {
    public let id: Hash32
    public let payload: [UInt8]

    public init(id: Hash32, payload: [UInt8]) {
        self.id = id
        self.payload = payload
    }
}

/// What to do with a transaction that arrived.
public enum TransactionArrival: Hashable, Sendable {
    /// Check it; answer with `transactionAccepted` or `transactionRejected`.
    case check
    /// Checked already, or being checked.
    case duplicate
}

/// What the shell is to send. Receivers of the same bytes are gathered in one effect, so that a frame is made once.
public enum TransactionGossipEffect: Hashable, Sendable {
    /// A Transaction message with this payload.
    case transaction(GossipTransaction, to: [PeerID])
    /// A TransactionBatch of these payloads; every receiver accepts batches.
    case batch([GossipTransaction], to: [PeerID])
}
