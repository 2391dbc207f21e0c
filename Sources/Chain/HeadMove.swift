public import Ledger
public import Primitives

/// How the chain came from one head to another: what was taken back, and what was put on instead.
///
/// Whoever follows the chain follows it by these and compares no heights: the new head may be lower than the old one, or as high.
public struct HeadMove: Hashable, Sendable {
    public let from: Head
    public let to: Head
    /// The blocks that are no longer on the chain, the newest first. Empty for a chain that grows, which is all that happens today.
    public let undone: [Hash32]
    /// The blocks that are on it now, the oldest first, without a gap; the last of them is `to`. Empty when blocks were only taken back.
    public let applied: [BlockSummary]

    public init(from: Head, to: Head, undone: [Hash32], applied: [BlockSummary]) {
        self.from = from
        self.to = to
        self.undone = undone
        self.applied = applied
    }
}

/// What others want to know of a block beside the block.
public struct BlockSummary: Hashable, Sendable {
    public let height: UInt64
    public let hash: Hash32
    /// As the header has it.
    public let producer: ByteString
    public let transactionCount: Int

    public init(height: UInt64, hash: Hash32, producer: ByteString, transactionCount: Int) {
        self.height = height
        self.hash = hash
        self.producer = producer
        self.transactionCount = transactionCount
    }
}

extension BlockSummary {
    init(_ applied: AppliedBlock) {
        self.init(
            height: applied.head.height, hash: applied.head.hash, producer: applied.head.producer,
            transactionCount: applied.prepared.transactions.count)
    }
}

/// How a block became the head.
public enum BlockOrigin: String, Sendable {
    case own, gossip, sync
}

/// Where a new head came from, with what its relay needs.
public enum HeadOrigin: Sendable {
    /// A block of a peer, by the name under which it was handed in.
    case gossip(Hash32)
    /// Ranges.
    case sync
    /// It was made here; the payload is what peers get.
    case own(payload: [UInt8])

    public var name: BlockOrigin {
        switch self {
        case .gossip: .gossip
        case .sync: .sync
        case .own: .own
        }
    }
}
