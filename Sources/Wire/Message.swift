/// What peers say to each other, whatever its bytes look like. The core takes and sends messages; a `Dialect` writes them into frames and
/// reads them there.
///
/// Blocks and transactions stay bytes, their JSON: the loop's thread only passes them on, and the chain's thread reads them. Copies of a
/// message share its bytes.
public enum Message: Hashable, Sendable {
    // In a box of its own: it comes once a connection, and every message would be as large as this one.
    indirect case handshake(Handshake)
    case block([UInt8])
    case transaction([UInt8])
    /// At most `NetworkLimits.maxBatchTransactions`, each one's JSON.
    case transactionBatch([[UInt8]])
    case blockRequest(BlockRequest)
    /// The whole answer as it came: a block, nothing, or an array of blocks. Many megabytes, so that not even its blocks are told apart
    /// before the chain's threads do (`BlockResponse`).
    case blockResponse([UInt8])
    case peerList(PeerList)
    case ping(Ping)
    case pong(Ping)

    /// The type under which it is counted, and sent in our own dialect.
    public var type: MessageType {
        switch self {
        case .handshake: .handshake
        case .block: .block
        case .transaction: .transaction
        case .transactionBatch: .transactionBatch
        case .blockRequest: .blockRequest
        case .blockResponse: .blockResponse
        case .peerList: .peerList
        case .ping: .ping
        case .pong: .pong
        }
    }
}

/// How urgent a message is.
public enum Lane: Hashable, Sendable {
    /// At once.
    case now
    /// Nobody waits for it: transactions in gossip. What is sent `now` may overtake it, so that the same batch for many peers keeps no
    /// answer waiting.
    case bulk
}
