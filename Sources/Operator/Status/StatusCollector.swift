package import NodeClient
internal import Platform
internal import Terminal

/// Asks a node for all that a snapshot holds, and remembers what a second look can use.
package struct StatusCollector {
    /// Blocks that are looked at: two rounds of up to twelve producers, to see who misses turns.
    private static let fewestBlocks = 9
    private static let mostBlocks = 24
    /// The time over which the speed of a sync is measured.
    private static let rateMilliseconds: Int64 = 20_000

    package let client: APIClient
    /// By height, newest first: blocks do not change, a competing chain apart, which `gather` notices by the newest one's hash.
    private var blocks: [APIAnswer.Block] = []
    /// Heights at moments of a clock that never jumps, oldest first, of the last `rateMilliseconds`.
    private var heights: [(milliseconds: Int64, height: UInt64)] = []

    /// - Parameter timeout: of each request.
    package init(_ address: APIAddress, timeout: Duration = HTTPClient.standardTimeout) {
        client = APIClient(address, timeout: timeout)
    }

    /// One snapshot. Parts that a node does not offer stay empty.
    ///
    /// - Throws: `APIFailure` when there is no node, or something else answers.
    package mutating func gather() async throws(APIFailure) -> StatusSnapshot {
        let info = try await client.nodeInfo()
        let chain = try await client.chainInfo()
        let peers = try await optional { () async throws(APIFailure) in try await client.peers() } ?? []
        let mempool = try await optional { () async throws(APIFailure) in try await client.mempool() }
        let health = try await optional { () async throws(APIFailure) in try await client.health() }
        try await followBlocks(chain)
        var snapshot = StatusSnapshot(
            address: client.address.description, takenAt: SystemClock.unixSeconds, info: info, chain: chain, blocks: blocks,
            peers: peers, mempool: mempool, health: health)
        snapshot.blocksPerSecond = rate(snapshot.height)
        return snapshot
    }

    /// `nil` for what the node refuses or answers in another way; a node that is gone is an error.
    private func optional<Value>(_ call: () async throws(APIFailure) -> Value) async throws(APIFailure) -> Value? {
        do throws(APIFailure) {
            return try await call()
        } catch .refused {
            return nil
        } catch .badAnswer {
            return nil
        } catch .foreign(_, let answer) where answer.isOfThePath {
            return nil
        }
    }

    /// Brings `blocks` up to the head.
    private mutating func followBlocks(_ chain: APIAnswer.ChainInfo) async throws(APIFailure) {
        let wanted = UInt64(min(StatusCollector.mostBlocks, max(StatusCollector.fewestBlocks, 2 * chain.authorities.count)))
        let lowest = chain.height >= wanted ? chain.height - wanted + 1 : 0
        // The newest known one is asked again: it may have lost to a competing one.
        var known = blocks.dropFirst().filter { $0.height >= lowest && $0.height <= chain.height }
        guard known.first?.height != chain.height else {
            blocks = known
            return
        }
        let first = known.first.map { $0.height + 1 } ?? lowest
        for height in first...chain.height {
            let block = try await optional { () async throws(APIFailure) in try await client.block(height: height) }
            guard let block else { break }
            known.insert(block, at: 0)
        }
        blocks = known
    }

    /// Takes note of the height; blocks a second over the last while.
    private mutating func rate(_ height: UInt64) -> Double? {
        let now = SystemClock.uptimeMilliseconds
        heights.append((now, height))
        heights.removeAll { now - $0.milliseconds > StatusCollector.rateMilliseconds }
        guard let first = heights.first, now > first.milliseconds else { return nil }
        return height >= first.height ? Double(height - first.height) * 1000 / Double(now - first.milliseconds) : nil
    }
}
