internal import ChainService
internal import NIOHTTP1
internal import Node
internal import Platform
internal import Primitives
internal import Synchronization

/// The node's status as the endpoints show it, asked of the P2P loop at most once in `lifetime` however many requests come.
///
/// A request that finds a young status does not leave its thread. The others wait for the one refresh that is under way.
/// Unchecked nowhere: all that changes is behind the lock.
final class NodeStatusCache: Sendable {
    /// How long a status is shown. A person does not see it, and it keeps the loop at ten questions a second.
    static let lifetime = Duration.milliseconds(100)
    /// How long a request waits for the P2P loop, which answers within a millisecond unless it is stuck.
    static let patience = Duration.seconds(2)

    /// A status and what is made of it once for all requests.
    struct Snapshot: Sendable {
        let status: NodeStatus
        /// `node/info`.
        let infoAnswer: APIResponse
        /// The bare array, for requests with `Content-Type: application/json`.
        let bareAnswer: APIResponse
        /// `{"peers":…,"peer_count":…}`, for the others.
        let wrappedAnswer: APIResponse
    }

    fileprivate enum Answer: Sendable {
        case snapshot(Snapshot)
        case stopped
        case late
    }

    fileprivate struct State {
        var snapshot: Snapshot?
        /// By the clock's uptime.
        var takenAt: Int64?
        var isRefreshing = false
        /// The refresh that is under way has used up `patience`.
        var isLate = false
        /// At most one for each request under way, which the server bounds.
        var waiting: [CheckedContinuation<Answer, Never>] = []
    }

    /// Makes the answer of `node/info` of a status and its array of peers, which is JSON already.
    typealias InfoRenderer = @Sendable (_ status: NodeStatus, _ peers: [UInt8]) -> APIResponse

    private let source: @Sendable () async -> NodeStatus?
    private let info: InfoRenderer
    private let state = Mutex(State())

    /// - Parameter source: asks the node; `nil` once it has stopped.
    init(info: @escaping InfoRenderer, source: @escaping @Sendable () async -> NodeStatus?) {
        self.source = source
        self.info = info
    }

    convenience init(_ node: Node, info: @escaping InfoRenderer) {
        self.init(info: info) { await node.status() }
    }

    /// A status that is at most `lifetime` old.
    ///
    /// - Throws: `NodeStopped`; `APIError` 503 when the loop does not answer within `patience`.
    func current() async throws -> Snapshot {
        if let young = state.withLock({ NodeStatusCache.young($0) }) { return young }
        switch await refreshed() {
        case .snapshot(let snapshot): return snapshot
        case .stopped: throw NodeStopped()
        case .late: throw NodeStatusCache.lateError
        }
    }

    static let lateError = APIError(.serviceUnavailable, "the network loop does not answer", headers: ["Retry-After": "1"])

    private static func young(_ state: State) -> Snapshot? {
        guard let takenAt = state.takenAt, .nanoseconds(SystemClock.uptime - takenAt) < lifetime else { return nil }
        return state.snapshot
    }

    private func refreshed() async -> Answer {
        await withCheckedContinuation { continuation in
            let (answer, begins) = state.withLock { state -> (Answer?, Bool) in
                if let young = NodeStatusCache.young(state) { return (.snapshot(young), false) }
                if state.isLate { return (.late, false) }
                state.waiting.append(continuation)
                if state.isRefreshing { return (nil, false) }
                state.isRefreshing = true
                return (nil, true)
            }
            if let answer { continuation.resume(returning: answer) }
            if begins { begin() }
        }
    }

    private func begin() {
        let deadline = Task { [weak self] in
            guard (try? await Task.sleep(for: NodeStatusCache.patience)) != nil else { return }
            self?.giveUp()
        }
        Task {
            let status = await source()
            deadline.cancel()
            finish(status.map { Snapshot($0, info) })
        }
    }

    private func finish(_ snapshot: Snapshot?) {
        let waiting = state.withLock { state in
            state.snapshot = snapshot
            state.takenAt = SystemClock.uptime
            state.isRefreshing = false
            state.isLate = false
            return state.takeWaiting()
        }
        for continuation in waiting { continuation.resume(returning: snapshot.map { .snapshot($0) } ?? .stopped) }
    }

    private func giveUp() {
        let waiting = state.withLock { state in
            guard state.isRefreshing else { return [] as [CheckedContinuation<Answer, Never>] }
            state.isLate = true
            return state.takeWaiting()
        }
        for continuation in waiting { continuation.resume(returning: .late) }
    }
}

extension NodeStatusCache.State {
    mutating func takeWaiting() -> [CheckedContinuation<NodeStatusCache.Answer, Never>] {
        defer { waiting = [] }
        return waiting
    }
}

extension NodeStatusCache.Snapshot {
    init(_ status: NodeStatus, _ info: NodeStatusCache.InfoRenderer) {
        self.status = status
        var list = JSONWriter(capacity: 2 + 420 * status.peers.count)
        list.array(status.peers) { $0.peer($1) }
        let peers = list.bytes
        infoAnswer = info(status, peers)
        bareAnswer = NodeStatusCache.Snapshot.answer(peers.count) { json in json.raw(peers) }
        wrappedAnswer = NodeStatusCache.Snapshot.answer(peers.count) { json in
            json.object { json in
                json.member("peers") { $0.raw(peers) }
                json.member("peer_count", status.peers.count)
            }
        }
    }

    /// The shape depends on the request's `Content-Type`, so a cache on the way must too.
    private static func answer(_ count: Int, _ write: (inout JSONWriter) -> Void) -> APIResponse {
        var response = APIResponse.success(capacity: count + 64, write)
        response.headers.add(name: "Vary", value: "Content-Type")
        return response
    }
}
