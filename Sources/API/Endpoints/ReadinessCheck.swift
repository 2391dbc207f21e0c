internal import ChainService
internal import Ledger
internal import NIOHTTP1
internal import Node
internal import Primitives
internal import Storage
internal import Wire

/// Whether a load balancer should send clients here (`node/ready`), apart from whether the process lives (`node/live`).
///
/// Ready: the store can be read, the network loop answers, the node has peers or is a network of one, and it is not behind. Old news of a
/// network that stands still is news all the same: that is for `node/health` to say.
struct ReadinessCheck: Sendable {
    private let node: Node
    private let cache: NodeStatusCache

    init(_ context: APIContext, _ cache: NodeStatusCache) {
        node = context.node
        self.cache = cache
    }

    /// 200, or 503 with what is missing.
    func response() async -> APIResponse {
        let reasons = await reasons()
        return APIResponse.object(status: reasons.isEmpty ? .ok : .serviceUnavailable) { json in
            json.member("ready", reasons.isEmpty)
            json.member("reasons") { $0.array(reasons) { $0.string($1) } }
        }
    }

    /// The answer of a process that serves: it asks nothing and nobody.
    static let alive = APIResponse.object { $0.member("live", true) }

    private static let stopping = "the node is stopping"

    private func reasons() async -> [String] {
        var reasons: [String] = []
        do {
            _ = try node.chain.read { snapshot in try snapshot.head() }
        } catch is NodeStopped {
            return [ReadinessCheck.stopping]
        } catch {
            reasons.append("the store cannot be read: \(error)")
        }
        do {
            reasons += ReadinessCheck.judge(try await cache.current().status, rules: node.chain.genesis.rules)
        } catch {
            reasons.append((error as? APIError)?.message ?? ReadinessCheck.stopping)
        }
        return reasons
    }

    /// What a status says against it.
    static func judge(_ status: NodeStatus, rules: ChainRules) -> [String] {
        var reasons: [String] = []
        if status.peers.isEmpty, !isNetworkOfOne(status, rules) { reasons.append("no peers") }
        if status.isSyncing { reasons.append("behind: at height \(status.height) of \(status.target)") }
        return reasons
    }

    /// Whether every block comes from this node: there is nobody to be behind.
    private static func isNetworkOfOne(_ status: NodeStatus, _ rules: ChainRules) -> Bool {
        guard status.nodeType == .producer, rules.authorities.count == 1 else { return false }
        return Address(ByteString(status.address)).map { rules.producerName(of: $0) != nil } ?? false
    }
}
