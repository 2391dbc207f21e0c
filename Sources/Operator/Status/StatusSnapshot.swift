internal import Network
internal import NodeClient
internal import Primitives

/// What is known of a node at one moment, gathered from several answers of its API.
package struct StatusSnapshot: Hashable, Sendable {
    /// Where it was asked.
    var address: String
    /// This machine's clock, seconds since 1970.
    var takenAt: Int64
    var info: APIAnswer.NodeInfo
    var chain: APIAnswer.ChainInfo
    /// The newest blocks, the newest first, without holes. Empty while they cannot be read.
    var blocks: [APIAnswer.Block] = []
    var peers: [APIAnswer.Peer] = []
    /// Transactions that wait for a block.
    var mempool: UInt64?
    var health: APIAnswer.Health?
    /// How fast the height has grown lately, blocks a second; `nil` until it was asked twice.
    var blocksPerSecond: Double?
}

extension StatusSnapshot {
    package enum State: String, Sendable {
        case inStep = "in_step"
        case syncing, behind
        /// Nobody is connected.
        case alone
    }

    /// Blocks that a node may be behind its best peer without being called so. The default of `sync_threshold`: an API does not
    /// tell what its node has.
    static let tolerance = UInt64(NodeDefaults.syncThreshold)

    var height: UInt64 { max(info.height ?? 0, chain.height) }

    /// The height that the network is believed to have: never below the node's own.
    var target: UInt64 { max(height, info.bestPeerHeight ?? 0, info.isSyncing == true ? peers.compactMap(\.height).max() ?? 0 : 0) }

    var remaining: UInt64 { target - height }

    var peerCount: Int { peers.isEmpty ? Int(clamping: info.peerCount ?? 0) : peers.count }

    var inbound: Int { peers.count { $0.direction == "inbound" } }
    var outbound: Int { peers.count { $0.direction == "outbound" } }

    package var state: State {
        if info.isSyncing == true { return .syncing }
        if remaining > StatusSnapshot.tolerance { return .behind }
        return peerCount == 0 ? .alone : .inStep
    }

    /// The part of the way to the target, 0…1.
    var progress: Double { target == 0 ? 1 : Double(height) / Double(target) }

    /// Seconds until the target at the present rate; `nil` when there is nothing to wait for or the rate is not known.
    var secondsLeft: Double? {
        guard remaining > 0, let rate = blocksPerSecond, rate > 0.01 else { return nil }
        return Double(remaining) / rate
    }

    var latest: APIAnswer.Block? { blocks.first }

    /// Seconds since the newest block was made, by its own timestamp and this machine's clock. Negative when a clock is wrong.
    var age: Int64? { latest.map { takenAt.subtracting(clamping: $0.timestamp) } }

    /// Seconds between each block and the one before it, the newest first.
    var blockTimes: [Int64] { zip(blocks, blocks.dropFirst()).map { $0.timestamp.subtracting(clamping: $1.timestamp) } }

    /// The middle one of the block times.
    var usualBlockTime: Int64? {
        let sorted = blockTimes.sorted()
        return sorted.isEmpty ? nil : sorted[sorted.count / 2]
    }

    /// The authority whose turn the next block is: round robin by height (`ledger.md`, "Proof of authority").
    var nextProducer: String? {
        chain.authorities.isEmpty ? nil : chain.authorities[Int((height &+ 1) % UInt64(chain.authorities.count))]
    }

    var chainID: String { info.chainID ?? chain.chainID ?? chain.genesisHash }
}
