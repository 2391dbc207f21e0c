public import Network
public import Primitives

/// What the shell is to do. Effects are carried out in their order.
public enum PeerEffect: Hashable, Sendable {
    /// Connect; answer with `dialSucceeded` or `dialFailed`. At most `2 * PeeringLimits.maxConcurrentDials` are open.
    case dial(Endpoint)
    /// Give the dial up; no answer is expected, and one that is under way is met with `close`.
    case cancelDial(Endpoint)
    /// Send this node's handshake with its present height.
    case sendHandshake(PeerID)
    /// Send an empty PeerList.
    case sendPeerListRequest(PeerID)
    /// Send a PeerList of at most `NetworkLimits.maxPeerListCount` entries; none is an answer too.
    case sendPeerList(PeerID, [Endpoint])
    /// Send a Ping with this nonce and the present height.
    case sendPing(PeerID, nonce: UInt64)
    /// Answer a Ping with its nonce and the present height.
    case sendPong(PeerID, nonce: UInt64)
    /// Flush what was sent before, then close. The manager has forgotten the connection; `closed` need not follow.
    case close(PeerID, DisconnectReason)
    /// The peer shook hands and may be used: gossip, sync.
    case peerReady(PeerID)
    /// A ready peer is gone, whoever closed.
    case peerGone(PeerID, DisconnectReason)
    /// Something for the log.
    case fact(PeerFact)
}

/// What is worth a line in the log beside the effects themselves.
public enum PeerFact: Hashable, Sendable {
    /// A dial came to nothing, or its connection ended soon; `failures` in a row.
    case dialFailed(Endpoint, DialTrouble, failures: Int, retryIn: Nanoseconds)
    /// There is no peer. At most one in `PeeringLimits.solitudeInterval`.
    case alone(Solitude)
    /// The address was forgotten after its last allowed failure, or because it can never be of use.
    case addressForgotten(Endpoint)
    /// A dial led back to this node; the address will not be dialled again.
    case ownEndpoint(Endpoint)
    case banned(IPAddress, duration: Nanoseconds)
    case addressesLearned(from: PeerID, count: Int, ignored: Int)
    /// A node has a genesis of the same block that fixes something else beside it; it is refused (`DisconnectReason.otherRules`).
    case otherRules(Endpoint, theirs: Hash32, ours: Hash32)
}

extension PeerFact: CustomStringConvertible {
    public var description: String {
        switch self {
        case .dialFailed(let endpoint, let trouble, let failures, let retry):
            "no peer at \(endpoint): \(trouble); \(failures) in a row, next attempt in \(retry / .seconds(1)) s"
        case .alone(let solitude): "no peer for \(solitude.lasted / .seconds(1)) s"
        case .addressForgotten(let endpoint): "forgot the address \(endpoint)"
        case .ownEndpoint(let endpoint): "\(endpoint) is this node itself; it is not dialled again"
        case .banned(let address, let duration): "banned \(address) for \(duration / .seconds(60)) min"
        case .otherRules(let endpoint, _, _):
            "the genesis of \(endpoint) makes the same block as ours and has other authorities, fees or token: compare the genesis files"
        case .addressesLearned(let id, let count, let ignored): "learned \(count) addresses from \(id), ignored \(ignored)"
        }
    }
}
