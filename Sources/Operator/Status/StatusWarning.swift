internal import Mempool
internal import Node
internal import NodeClient
internal import Primitives
internal import Terminal

/// Something about a node that its operator should look at, in plain words.
package struct StatusWarning: Hashable, Sendable {
    /// Stable names, for scripts.
    enum Code: String, Sendable {
        case unhealthy
        case noPeers = "no_peers"
        case onlyInbound = "only_inbound"
        case behind
        case noNewBlock = "no_new_block"
        case notBegun = "not_begun"
        case missedTurns = "missed_turns"
        case clockSkew = "clock_skew"
        case mempoolFull = "mempool_full"
        case otherVersion = "other_version"

        /// Whether the node does not do its work, as against something that will or may go wrong.
        var isPressing: Bool {
            switch self {
            case .unhealthy, .noPeers, .behind, .noNewBlock: true
            case .missedTurns, .clockSkew, .mempoolFull, .onlyInbound, .otherVersion, .notBegun: false
            }
        }
    }

    var code: Code
    var text: String
}

extension StatusWarning {
    /// A block is overdue when so many usual block times have passed: with three producers of which two are down, the third
    /// waits three of them.
    private static let overdueBlockTimes: Int64 = 5
    /// And never before so many seconds, which quick chains need for a hiccup of the network.
    private static let overdueSeconds: Int64 = 10
    /// Where no block time is known.
    private static let unknownOverdueSeconds: Int64 = 60
    /// Percent of the mempool.
    private static let nearlyFull: UInt64 = 90

    /// What `snapshot` gives reason to say, the most pressing first.
    package static func all(_ snapshot: StatusSnapshot, version: String = PodoruVersion.current) -> [StatusWarning] {
        var found: [StatusWarning] = []
        func add(_ code: Code, _ text: String?) {
            if let text { found.append(StatusWarning(code: code, text: text)) }
        }
        add(.noPeers, noPeers(snapshot))
        add(.behind, behind(snapshot))
        add(.noNewBlock, noNewBlock(snapshot))
        add(.notBegun, notBegun(snapshot))
        for text in MissedTurns.warnings(snapshot) { add(.missedTurns, text) }
        for text in ClockWarnings.all(snapshot) { add(.clockSkew, text) }
        add(.mempoolFull, mempoolFull(snapshot))
        add(.onlyInbound, onlyInbound(snapshot))
        add(.otherVersion, otherVersion(snapshot, version))
        // What it calls itself for, it says here already.
        let isExplained = snapshot.state == .syncing || found.contains { [.noPeers, .behind, .noNewBlock, .notBegun].contains($0.code) }
        if let text = health(snapshot), snapshot.health?.status == "unhealthy" || !isExplained {
            found.insert(StatusWarning(code: .unhealthy, text: text), at: 0)
        }
        return found
    }

    private static func health(_ snapshot: StatusSnapshot) -> String? {
        guard let health = snapshot.health, health.status != "healthy" else { return nil }
        let reasons = health.troubles.isEmpty ? "" : ": " + health.troubles.joined(separator: ", ")
        return "the node calls itself \(health.status)\(reasons)"
    }

    private static func noPeers(_ snapshot: StatusSnapshot) -> String? {
        // The only producer of a chain needs nobody.
        guard snapshot.peerCount == 0, snapshot.chain.authorities.count != 1 || snapshot.info.nodeType != "producer" else { return nil }
        return
            "no peers: the node hears of no blocks; give it the address of a node of its network in bootstrap_peers, and check the firewall"
    }

    private static func onlyInbound(_ snapshot: StatusSnapshot) -> String? {
        guard snapshot.outbound == 0, snapshot.inbound > 0, snapshot.inbound == snapshot.peerCount else { return nil }
        // On one machine, as in a devnet, who dialled whom says nothing.
        guard snapshot.peers.contains(where: { !$0.address.hasPrefix("127.") && !$0.address.hasPrefix("[::1]") }) else { return nil }
        return "all peers have dialled this node and it has dialled none: whoever can reach it decides what it hears; add bootstrap_peers"
    }

    private static func behind(_ snapshot: StatusSnapshot) -> String? {
        guard snapshot.state == .behind else { return nil }
        let blocks = StatusText.count(snapshot.remaining, "block")
        return "\(blocks) behind the best peer and not syncing: look for disconnects and rejected blocks in the node's log"
    }

    private static func noNewBlock(_ snapshot: StatusSnapshot) -> String? {
        // A node that catches up has old blocks, and the genesis block may be of any age.
        guard snapshot.state != .syncing, snapshot.height > 0, let age = snapshot.age else { return nil }
        let usual = snapshot.usualBlockTime
        let limit = usual.map { max(overdueSeconds, overdueBlockTimes.multiplied(clampingBy: $0)) } ?? unknownOverdueSeconds
        guard age > limit else { return nil }
        let next = snapshot.nextProducer.map { "; the next is the turn of \($0)" } ?? ""
        let pace = usual.map { ", usually one comes every \(StatusText.duration($0))" } ?? ""
        return "no new block for \(StatusText.duration(age))\(pace)\(next)"
    }

    private static func notBegun(_ snapshot: StatusSnapshot) -> String? {
        guard snapshot.height == 0, let age = snapshot.age, age < 0, let latest = snapshot.latest else { return nil }
        let begin = CalendarTime.text(unixSeconds: latest.timestamp)
        return "the chain has not begun: its genesis is dated \(begin), and no block can be made before"
    }

    private static func mempoolFull(_ snapshot: StatusSnapshot) -> String? {
        let room = UInt64(MempoolLimits().maxTransactions)
        guard let count = snapshot.mempool, count >= room * nearlyFull / 100 else { return nil }
        return "the mempool is nearly full: \(StatusText.number(count)) of \(StatusText.number(room)) transactions"
    }

    private static func otherVersion(_ snapshot: StatusSnapshot, _ version: String) -> String? {
        guard let theirs = snapshot.info.version, theirs != version else { return nil }
        return "the node runs version \(theirs) and this command is \(version): what is shown may lack something"
    }
}
