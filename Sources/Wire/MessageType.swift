/// The message types of the wire. 1–6 are the seed's; 7 and up are extensions, used only towards a
/// peer that named the capability (`protocol.md`, "Messages").
public enum MessageType: UInt8, Hashable, Sendable, CaseIterable {
    case block = 1
    case transaction = 2
    case blockRequest = 3
    case blockResponse = 4
    case peerList = 5
    case handshake = 6
    case transactionBatch = 7
    case ping = 8
    case pong = 9

    /// The name for logs and metric labels.
    public var name: String {
        switch self {
        case .block: "block"
        case .transaction: "transaction"
        case .blockRequest: "block_request"
        case .blockResponse: "block_response"
        case .peerList: "peer_list"
        case .handshake: "handshake"
        case .transactionBatch: "transaction_batch"
        case .ping: "ping"
        case .pong: "pong"
        }
    }
}

extension MessageType: CustomStringConvertible {
    public var description: String { name }
}

/// The names of the extensions, as they stand in the handshake's `Capabilities`.
public enum Capability {
    /// Type 7: many transactions in one message.
    public static let transactionBatch = "txbatch"
    /// Types 8 and 9: liveness and latency.
    public static let ping = "ping"

    /// Everything that this version speaks, in the order in which it is sent.
    public static let all = [transactionBatch, ping]
}
