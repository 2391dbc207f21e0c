import Network
import Primitives
import Testing
import Wire

@testable import Peering

/// Texts as endpoints in tests; a bad literal fails the test that uses it.
func endpoint(_ text: String) -> Endpoint {
    guard let endpoint = Endpoint(text) else {
        Issue.record("\(text) is no endpoint")
        return Endpoint(address: IPAddress(ipv4: 0), port: 0)
    }
    return endpoint
}

func address(_ text: String) -> IPAddress { endpoint("\(text.contains(":") ? "[\(text)]" : text):1").address ?? IPAddress(ipv4: 0) }

/// An identity whose order is the order of `number`.
func nodeID(_ number: UInt64) -> Address {
    Address([UInt8](repeating: 0, count: 12) + bigEndianBytes(number)) ?? .zero
}

let testChainID = "0x" + String(repeating: "ab", count: 32)

func localNode(_ number: UInt64, listen: String = ":9000") -> LocalNode {
    LocalNode(
        version: "1.2.3", chainID: testChainID, nodeType: .full, listenAddress: listen, nodeID: nodeID(number), nonce: number &* 7919)
}

func handshake(
    _ number: UInt64, listen: String = ":9000", version: String = "1.0.0", chainID: String = testChainID, height: UInt64 = 0,
    capabilities: [String] = Capability.all
) -> Handshake {
    var local = localNode(number, listen: listen)
    local.version = version
    local.chainID = chainID
    local.capabilities = capabilities
    return local.handshake(height: height)
}

/// One manager with a clock of its own, fed by hand.
struct Driver {
    var manager: PeerManager
    var now: Nanoseconds = .seconds(1_000_000)
    var effects: [PeerEffect] = []
    private var slots = PeerSlots()
    /// Connections whose slots are taken.
    private var open: [PeerID] = []

    /// The node under test is number 500, between those with a lower and a higher identity.
    init(seed: UInt64 = 1, start: Bool = true, _ configure: (inout PeerConfiguration) -> Void = { _ in }) {
        var configuration = PeerConfiguration(local: localNode(500))
        configure(&configuration)
        manager = PeerManager(configuration: configuration, seed: seed)
        if start { manager.start(at: moment, into: &effects) }
    }

    var moment: Moment { Moment(uptime: now, unixMilliseconds: now / 1_000_000) }

    mutating func nextID() -> PeerID {
        // As a shell does: the slots of connections that are gone go to those that come.
        for id in open where manager.peer(id) == nil {
            #expect(manager.remnants(of: id) == [])
            slots.close(id)
        }
        open.removeAll { manager.peer($0) == nil }
        let id = slots.open() ?? PeerID(slot: 0, generation: 0)
        open.append(id)
        return id
    }

    /// The effects since the last call, and none of them again.
    mutating func take() -> [PeerEffect] {
        defer { effects = [] }
        return effects
    }

    // MARK: Events

    mutating func accept(_ remote: String) -> PeerID {
        let id = nextID()
        manager.accepted(id, from: endpoint(remote), at: moment, into: &effects)
        return id
    }

    mutating func shake(_ id: PeerID, _ handshake: Handshake, signed: Bool = true) {
        let signer = signed ? handshake.nodeID.flatMap { Address(ByteString($0)) } : nil
        manager.handshakeReceived(id, handshake, signedBy: signer, at: moment, into: &effects)
    }

    /// An inbound connection that shook hands.
    mutating func inbound(_ number: UInt64, from remote: String? = nil, listen: String = "", signed: Bool = true) -> PeerID {
        let id = accept(remote ?? "\(number >> 8 & 255 + 20).\(number & 255).1.1:50000")
        shake(id, handshake(number, listen: listen), signed: signed)
        return id
    }

    /// The answer to a dial that is under way.
    mutating func connect(_ dialled: String, remote: String? = nil) -> PeerID {
        let id = nextID()
        manager.dialSucceeded(endpoint(dialled), as: id, remote: endpoint(remote ?? dialled), at: moment, into: &effects)
        return id
    }

    /// An outbound connection that shook hands, to an endpoint that is being dialled.
    mutating func outbound(_ number: UInt64, at dialled: String, listen: String? = nil) -> PeerID {
        let id = connect(dialled)
        shake(id, handshake(number, listen: listen ?? dialled))
        return id
    }

    mutating func fail(_ dialled: String, _ failure: DialFailure = .refused) {
        manager.dialFailed(endpoint(dialled), failure, at: moment, into: &effects)
    }

    mutating func message(_ id: PeerID) -> Bool {
        manager.messageReceived(id, at: moment, into: &effects)
    }

    mutating func close(_ id: PeerID, _ reason: DisconnectReason = .closedByPeer) {
        manager.closed(id, reason: reason, at: moment, into: &effects)
    }

    mutating func penalize(_ id: PeerID, _ fault: PeerFault) {
        manager.penalize(id, fault, at: moment, into: &effects)
    }

    mutating func tell(_ id: PeerID, _ endpoints: [Endpoint]) {
        manager.peerListReceived(id, endpoints, at: moment, into: &effects)
    }

    mutating func request(_ id: PeerID) -> [Endpoint]? {
        _ = take()
        manager.peerListRequested(id, at: moment, into: &effects)
        for case .sendPeerList(id, let endpoints) in take() { return endpoints }
        return nil
    }

    // MARK: Time

    /// Lets time pass with a tick at each deadline. `answering` peers answer each ping and request at once.
    mutating func pass(_ span: Nanoseconds, answering: Set<PeerID> = []) {
        let end = now + span
        answer(answering, from: 0)
        while let deadline = manager.nextDeadline, deadline <= end {
            now = max(now, deadline)
            let first = effects.count
            manager.tick(at: moment, into: &effects)
            answer(answering, from: first)
        }
        now = end
    }

    private mutating func answer(_ ids: Set<PeerID>, from first: Int) {
        for effect in effects[first...] {
            switch effect {
            case .sendPing(let id, let nonce) where ids.contains(id):
                _ = message(id)
                manager.pongReceived(id, Ping(nonce: nonce, height: manager.peer(id)?.height ?? 0), at: moment)
            case .sendPeerListRequest(let id) where ids.contains(id):
                _ = message(id)
                manager.peerListReceived(id, [], at: moment, into: &effects)
            default: break
            }
        }
    }
}

extension [PeerEffect] {
    var dials: [Endpoint] { compactMap { if case .dial(let endpoint) = $0 { endpoint } else { nil } } }
    var ready: [PeerID] { compactMap { if case .peerReady(let id) = $0 { id } else { nil } } }
    var facts: [PeerFact] { compactMap { if case .fact(let fact) = $0 { fact } else { nil } } }

    func closed(_ id: PeerID) -> DisconnectReason? {
        for case .close(id, let reason) in self { return reason }
        return nil
    }

    /// How many connections are closed for a reason.
    func closes(_ reason: DisconnectReason) -> Int { count { if case .close(_, reason) = $0 { true } else { false } } }

    func gone(_ id: PeerID) -> DisconnectReason? {
        for case .peerGone(id, let reason) in self { return reason }
        return nil
    }

    func pings(to id: PeerID) -> [UInt64] {
        compactMap { if case .sendPing(id, let nonce) = $0 { nonce } else { nil } }
    }
}
