internal import ChainService
internal import Ledger
internal import NIOHTTP1
internal import Node
internal import Platform
internal import PodoruConfiguration
internal import Primitives
internal import Storage

/// Whether the node does its work, for load balancers and people (`node/health`).
///
/// Unhealthy (503): the store cannot be read, or the network loop does not answer. Degraded: none of the configured peers is
/// connected, blocks are missing, the newest block is old, the chain's time has not come, or the disk is nearly full. Each check says
/// `ok` or what is wrong.
struct HealthCheck: Sendable {
    /// Block times after which the head is old: a few producers in a row may be down without that.
    static let oldHeadBlocks: Int64 = 10
    /// Block times after which a chain whose time has not come is told of: by then its operator waits on purpose, or does not know.
    static let notBegunBlocks: Int64 = 10
    /// Seconds that the head may be old on a chain of quick blocks.
    static let minOldHeadSeconds: Int64 = 60

    struct Report: Sendable, Equatable {
        var database = HealthCheck.fine
        var network = HealthCheck.fine
        var sync = HealthCheck.fine
        var isUnhealthy = false

        var status: String {
            if isUnhealthy { return "unhealthy" }
            return [database, network, sync].allSatisfy { $0 == HealthCheck.fine } ? "healthy" : "degraded"
        }
    }

    static let fine = "ok"

    private let node: Node
    private let chain: ChainReader
    private let cache: NodeStatusCache
    private let expectsPeers: Bool
    /// Seconds between two blocks.
    private let blockTime: Int64

    init(_ context: APIContext, _ cache: NodeStatusCache) {
        node = context.node
        chain = context.node.chain
        self.cache = cache
        expectsPeers = !(context.configuration.bootstrapPeers + context.configuration.privatePeers).isEmpty
        switch chain.genesis.ruleSet {
        case .strict(let seconds): blockTime = seconds
        case .reference: blockTime = context.configuration.blockTime / .seconds(1)
        }
    }

    func response() async -> APIResponse {
        let now = SystemClock.unixSeconds
        let report = await report(now: now)
        return APIResponse.object(status: report.isUnhealthy ? .serviceUnavailable : .ok) { json in
            json.member("status", report.status)
            json.member("checks") { json in
                json.object { json in
                    json.member("database", report.database)
                    json.member("network", report.network)
                    json.member("sync", report.sync)
                    // It answers.
                    json.member("api", "ok")
                }
            }
            json.member("timestamp", now)
        }
    }

    private func report(now: Int64) async -> Report {
        var report: Report
        do {
            report = HealthCheck.judge(
                try await cache.current().status, now: now, expectsPeers: expectsPeers, blockTime: blockTime)
        } catch {
            report = Report(network: (error as? APIError)?.message ?? "\(error)", isUnhealthy: true)
        }
        if let complaint = node.storeSpaceComplaint { report.database = complaint }
        do {
            _ = try chain.read { snapshot in try snapshot.head() }
        } catch {
            report.database = "cannot be read: \(error)"
            report.isUnhealthy = true
        }
        return report
    }

    /// What a status says of the network and the sync.
    ///
    /// - Parameter blockTime: seconds between two blocks.
    static func judge(_ status: NodeStatus, now: Int64, expectsPeers: Bool, blockTime: Int64) -> Report {
        var report = Report()
        if status.peers.isEmpty, expectsPeers { report.network = "no peers" }
        // A genesis may have any timestamp.
        let age = now.subtracting(clamping: status.headTimestamp)
        if status.isSyncing {
            report.sync = "syncing: at height \(status.height) of \(status.target)"
        } else if status.height == 0, age < 0 {
            if status.uptime >= .seconds(notBegunBlocks.multiplied(clampingBy: blockTime)) {
                report.sync = "the chain begins at \(CalendarTime.text(unixSeconds: status.headTimestamp))"
            }
        } else if age > max(minOldHeadSeconds, oldHeadBlocks.multiplied(clampingBy: blockTime)) {
            report.sync = "no block for \(age) s"
        }
        return report
    }
}
