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
    /// Say this to each of these peers; report the bytes of it with `sent`. One effect for all of them, so that the message is encoded
    /// once for each dialect among them. It is written in the order of the effects within its lane.
    case send(Message, to: [PeerID], lane: Lane)
    /// Take frames of up to so many bytes from this peer, beginning with its next one: it has shaken hands.
    case limitFrames(PeerID, Int)
    /// Flush, then close. The core has forgotten the connection.
    case close(PeerID, DisconnectReason)
    /// Stop reading this socket, keeping what was read but not taken.
    case pauseReading(PeerID)
    /// Go on with what was kept, then with the socket.
    case resumeReading(PeerID)
    /// Give the chain worker its next work.
    case chain(ChainCommand)
    /// Read blocks and answer the peer with a BlockResponse; report with `blocksSent`. At most one at a time for each connection.
    /// The answer may have megabytes, so it is encoded where it is read and never passes the core.
    case readBlocks(HeightRange, isSingle: Bool, for: PeerID)
    /// The relay of a block stands before this, so its bytes are with the sockets now: report `blockHandedOn`.
    case stampRelay(receivedAt: Nanoseconds)
    /// Something for the log, the metrics or the event stream. Nothing changes when nobody looks.
    // In a box of its own: it comes with a block or a peer, and every effect would be as large as the largest fact.
    indirect case fact(CoreFact)
}

/// What is worth a line, a metric or an event.
public enum CoreFact: Sendable {
    case peerConnected(PeerInfo)
    case peerDisconnected(PeerID, DisconnectReason)
    /// A connection was closed here before it became a peer.
    case connectionRefused(PeerID, Endpoint, DisconnectReason)
    case peering(PeerFact)
    case headMoved(HeadMove, origin: BlockOrigin)
    /// A block was validated and handed to this many peers; the hop time runs from the last byte of its frame.
    case blockRelayed(Head, transactionCount: Int, receivedAt: Nanoseconds, peers: Int)
    case blockRefused(hash: Hash32, from: PeerID?, reason: String)
    /// A block beside our chain at a height that we have: one for the fork choice.
    case competingBlock(height: UInt64, hash: Hash32)
    case syncStarted(height: UInt64, target: UInt64)
    case syncProgress(SyncProgress)
    case syncFinished(height: UInt64)
    case syncFault(PeerID, SyncFault)
    case rangeRefused(height: UInt64, reason: String)
    case transactionRefused(TransactionRefusal)
    case productionSkipped(timestamp: Int64, reason: String)
    /// An authority's clock went out of step with ours, is still out of it, or came back.
    case producerClock(ProducerClocks.Notice)
    /// A peer broke the protocol; its connection is closed for it.
    case violated(PeerID, Violation)
}
