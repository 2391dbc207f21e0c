/// Why a connection ended. A fault of a peer is such a value, never an exception. The raw value is the label in
/// metrics and stays as it is; `description` is the sentence for the log.
public enum DisconnectReason: String, CaseIterable, Sendable {
    // MARK: The other side or the network

    /// The peer closed the connection in order.
    case closedByPeer = "closed_by_peer"
    /// The connection broke: reset, unreachable, an error of the socket.
    case connectionLost = "connection_lost"

    // MARK: At the door

    /// The address has as many connections as one address may have.
    case tooManyConnectionsFromAddress = "too_many_connections_from_address"
    /// All slots are taken and nobody had to make room.
    case tooManyPeers = "too_many_peers"
    /// Too many connections have not shaken hands yet.
    case tooManyPending = "too_many_pending"
    /// The address is banned for a while.
    case banned = "banned"
    /// A name led to a place that its teller cannot know: a private address told by a peer on the internet.
    case addressNotAllowed = "address_not_allowed"
    /// A name led into a group of addresses that has as many outbound connections as a group may have.
    case networkGroupFull = "network_group_full"
    /// The connection came about after the dial had been given up.
    case dialCancelled = "dial_cancelled"

    // MARK: Handshake

    /// No handshake came in time.
    case handshakeTimeout = "handshake_timeout"
    /// The first message was not a handshake.
    case handshakeExpected = "handshake_expected"
    /// A second handshake came.
    case secondHandshake = "second_handshake"
    /// The versions differ in the major number, or the version is none.
    case incompatibleVersion = "incompatible_version"
    /// The peer is on another chain: another genesis block or chain id.
    case otherChain = "other_chain"
    /// The peer's genesis makes the same block as ours and fixes something else beside it: authorities, fees, token.
    case otherRules = "other_rules"
    /// The connection leads to this very node.
    case selfConnection = "self_connection"
    /// Another running node claims the identity key of this one.
    case identityClash = "identity_clash"
    /// The handshake is signed by another key than the one that it names.
    case identityMismatch = "identity_mismatch"
    /// The same node is connected already, and the other connection stays.
    case duplicateConnection = "duplicate_connection"

    // MARK: Liveness and choice

    /// The peer was silent although it was asked for a sign of life.
    case livenessTimeout = "liveness_timeout"
    /// The peer sends, but has not answered a ping for a long time.
    case pingTimeout = "ping_timeout"
    /// The peer was of no use for long and a candidate waited for its slot.
    case inactive = "inactive"
    /// The peer made room for a newcomer.
    case evicted = "evicted"
    /// The limits were lowered by a new configuration.
    case limitsLowered = "limits_lowered"

    // MARK: Faults

    /// A frame, an envelope or a payload broke the protocol.
    case protocolViolation = "protocol_violation"
    /// The peer speaks the dialect of the published Go nodes.
    case otherDialect = "other_dialect"
    /// A message's signature is none, or is not the peer's.
    case badSignature = "bad_signature"
    /// A block broke the rules of the ledger.
    case invalidBlock = "invalid_block"
    /// Smaller faults have added up.
    case misbehaviour = "misbehaviour"
    /// The peer sent more than the rate limit allows for too long.
    case rateLimitExceeded = "rate_limit_exceeded"
    /// The peer did not read what was sent to it for too long.
    case slowReader = "slow_reader"
    /// A frame that had begun was not whole in time.
    case frameTimeout = "frame_timeout"

    // MARK: This node

    /// The operator asked for it.
    case requested = "requested"
    /// The node shuts down.
    case shutdown = "shutdown"
}

extension DisconnectReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .closedByPeer: "the peer closed the connection"
        case .connectionLost: "the connection broke"
        case .tooManyConnectionsFromAddress: "its address has as many connections as one address may have"
        case .tooManyPeers: "all peer slots are taken"
        case .tooManyPending: "too many connections have not shaken hands yet"
        case .banned: "its address is banned for a while"
        case .addressNotAllowed: "the name led to an address that its teller cannot mean"
        case .networkGroupFull: "its network has as many outbound connections as one network may have"
        case .dialCancelled: "the dial had been given up before it succeeded"
        case .handshakeTimeout: "it sent no handshake in time"
        case .handshakeExpected: "its first message was not a handshake"
        case .secondHandshake: "it sent a second handshake"
        case .incompatibleVersion: "its protocol version is not compatible"
        case .otherChain: "it is on another chain: its chain id or genesis block differs"
        case .otherRules: "its genesis has the same block as ours and other authorities, fees or token"
        case .selfConnection: "the connection led to this node itself"
        case .identityClash: "another running node uses the identity key of this node"
        case .identityMismatch: "its handshake is signed by another key than the one it names"
        case .duplicateConnection: "the same node is connected already"
        case .livenessTimeout: "it gave no sign of life although asked"
        case .pingTimeout: "it left a ping unanswered for too long"
        case .inactive: "it was of no use for long, and a candidate waits"
        case .evicted: "it made room for a newcomer"
        case .limitsLowered: "the configuration now allows fewer peers"
        case .protocolViolation: "it broke the protocol"
        case .otherDialect: "it speaks the dialect of the published Go node"
        case .badSignature: "it signed a message with a bad or foreign signature"
        case .invalidBlock: "it sent a block that breaks the rules of the ledger"
        case .misbehaviour: "its faults have added up"
        case .rateLimitExceeded: "it exceeded the message rate for too long"
        case .slowReader: "it did not read what was sent to it for too long"
        case .frameTimeout: "it began a frame and did not finish it in time"
        case .requested: "the operator asked for it"
        case .shutdown: "the node shuts down"
        }
    }
}

/// How often connections ended, by reason. A fixed array, so counting never allocates.
public struct DisconnectCounters: Sendable {
    private var counts = [UInt64](repeating: 0, count: DisconnectReason.allCases.count)

    public init() {}

    /// Adds one.
    public mutating func count(_ reason: DisconnectReason) {
        counts[DisconnectCounters.index[reason] ?? 0] += 1
    }

    public subscript(reason: DisconnectReason) -> UInt64 { counts[DisconnectCounters.index[reason] ?? 0] }

    /// The sum over all reasons.
    public var total: UInt64 { counts.reduce(0, +) }

    private static let index = Dictionary(
        uniqueKeysWithValues: DisconnectReason.allCases.enumerated().map { ($0.element, $0.offset) })
}
