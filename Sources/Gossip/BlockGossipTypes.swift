public import Network
public import Primitives

/// What to do with a block that arrived.
public enum BlockArrival: Hashable, Sendable {
    /// Validate this copy; answer with `blockAccepted`, `blockRejected` or `blockSetAside`.
    case validate
    /// Another copy is in validation. This one may come back as the next candidate.
    case waiting
    /// Done with already.
    case duplicate
    /// Its header is known to be bad; the sender should have known.
    case knownBad
    /// Too many blocks are in validation. Not remembered.
    case busy
}

/// What is wrong with a block, as far as its hash is concerned.
public enum BlockFlaw: Hashable, Sendable {
    /// Something that the hash commits to (no authority, the wrong turn, the timestamp, a version): every block of this
    /// hash is bad.
    case header
    /// Something beside the header (transactions that do not give the merkle root, a wrong producer signature, a bad
    /// encoding): another copy of the same hash may be good.
    case body
}

/// A copy of a block that is in validation, or is to be next.
public struct BlockCandidate: Hashable, Sendable {
    public let hash: Hash32
    public let payload: [UInt8]
    /// The first who sent these bytes.
    public let from: PeerID
    /// When it had come whole, as an uptime: each copy has its own.
    public let receivedAt: Nanoseconds

    public init(hash: Hash32, payload: [UInt8], from: PeerID, receivedAt: Nanoseconds) {
        self.hash = hash
        self.payload = payload
        self.from = from
        self.receivedAt = receivedAt
    }
}

/// What follows from a rejected block.
public struct BlockRejectionOutcome: Hashable, Sendable {
    /// Everybody who sent what turned out bad. They relayed it without validating, or made it.
    public let culprits: [PeerID]
    /// Hand this to validation now.
    public let next: BlockCandidate?

    public init(culprits: [PeerID], next: BlockCandidate?) {
        self.culprits = culprits
        self.next = next
    }
}
