public import Chain
public import Consensus
public import Ledger
public import Network
public import Peering
public import Primitives
public import Sync
public import Wire

/// What the shell is to do, in order.
public enum CoreEffect: Sendable {
    /// Connect; answer with `dialSucceeded` or `dialFailed`.
    case dial(Endpoint)
    case cancelDial(Endpoint)
    /// Write a whole frame. The array is shared between its receivers.
    case send(PeerID, frame: [UInt8])
    /// Write a whole frame that nobody waits for: transactions in gossip. In order among these; a `send` may overtake them, so that
    /// the same batch for many peers keeps no answer waiting.
    case sendBulk(PeerID, frame: [UInt8])
    /// Flush, then close. The core has forgotten the connection.
    case close(PeerID, DisconnectReason)
    /// Stop reading this socket, keeping what was read but not taken.
    case pauseReading(PeerID)
    /// Go on with what was kept, then with the socket.
    case resumeReading(PeerID)
    /// Give the chain worker its next work.
    case chain(ChainCommand)
    /// Read blocks and answer the peer with a BlockResponse; report with `blocksSent`. At most one at a time for each connection.
    case sendBlocks(PeerID, HeightRange, isSingle: Bool)
    /// Something for the log, the metrics or the event stream.
    case fact(CoreFact)
}

/// What is worth a line, a metric or an event.
public enum CoreFact: Sendable {
    case peerConnected(PeerInfo)
    case peerDisconnected(PeerID, DisconnectReason)
    /// A connection was closed here before it became a peer.
    case connectionRefused(PeerID, Endpoint, DisconnectReason)
    case peering(PeerFact)
    case headChanged(Head, origin: BlockOrigin, transactionCount: Int)
    /// A block was validated and handed to this many peers; the hop time runs from the last byte of its frame.
    case blockRelayed(Head, transactionCount: Int, receivedAt: Nanoseconds, peers: Int)
    case blockRefused(hash: Hash32, from: PeerID?, reason: String)
    /// A block beside our chain at a height that we have: one for the fork choice.
    case competingBlock(height: UInt64, hash: Hash32)
    case syncStarted(target: UInt64)
    case syncProgress(SyncProgress)
    case syncFinished(height: UInt64)
    case syncFault(PeerID, SyncFault)
    case rangeRefused(height: UInt64, reason: String)
    case transactionRefused(TransactionRefusal)
    case productionSkipped(timestamp: Int64, reason: String)
    case throttled(PeerID)
    /// An authority's clock went out of step with ours, is still out of it, or came back.
    case producerClock(ProducerClocks.Notice)
    /// A peer broke the protocol; its connection is closed for it.
    case violated(PeerID, Violation)
}

/// How a block became the head.
public enum BlockOrigin: String, Sendable {
    case own, gossip, sync
}
