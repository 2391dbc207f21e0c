internal import ChainTools
internal import Ledger
internal import Node
internal import Primitives
internal import Supervisor
internal import Wire

/// Resident memory of `podoru run` as a full node, its API off, on a chain of 2000 blocks: with eight peers that it relays blocks
/// to, and with fifty more that only answer pings.
func runMemoryBenchmark() throws -> [BenchmarkRow] {
    let fixture = try ChainFixture.load()
    let chainID = fixture.genesis.hash.prefixedHex
    let node = try BenchNode(fixture)
    defer { node.stop() }
    let bare = try node.memory()
    var peers = try (0..<memoryPeers).map { _ in try BenchPeer(port: node.port, chainID: chainID) }
    let file = try BlockFileReader(path: fixture.chainPath)
    _ = try file.next()
    for index in 0..<relayedBlocks {
        guard let json = try file.next() else { throw BenchmarkError("the fixture's chain is too short") }
        try peers[index % peers.count].send(.block, json)
        try settle(peers, node, seconds: 0.03)
    }
    try settle(peers, node, seconds: 2)
    let height = node.blocks.last?.height ?? 0
    guard height == UInt64(relayedBlocks) else { throw BenchmarkError("the node is at block \(height), not at \(relayedBlocks)") }
    let eight = try node.memory()
    peers += try (0..<idlePeers).map { _ in try BenchPeer(port: node.port, chainID: chainID) }
    try settle(peers, node, seconds: 8)
    let many = try node.memory()
    let synced = try memoryAfterSync(fixture)
    return [
        .figure("just started", bare.all, "MB"),
        .atMost(40, "8 peers, after \(relayedBlocks) relayed blocks", eight.all, "MB"),
        .figure("  of it the process's own", eight.anonymous, "MB"),
        .figure("  of it files: the program, its libraries, the store's map", eight.file, "MB"),
        .atMost(20, "\(idlePeers) idle peers more", many.all - eight.all, "MB"),
        .figure("a node that has just synced \(fixture.blockCount) blocks", synced.all, "MB"),
        .figure("  of it the process's own", synced.anonymous, "MB"),
    ]
}

private let memoryPeers = 8
private let idlePeers = 50
private let relayedBlocks = 200

/// Lets the node work while the peers answer its pings.
private func settle(_ peers: [BenchPeer], _ node: BenchNode, seconds duration: Double) throws {
    let end = seconds() + duration
    while seconds() < end {
        node.pump(milliseconds: 5)
        for peer in peers { try peer.pump(milliseconds: 0) }
    }
}

private func memoryAfterSync(_ fixture: ChainFixture) throws -> (all: Double, anonymous: Double, file: Double) {
    let server = try BenchNode(fixture, prepare: { _ = try fillStore($0, fixture) })
    defer { server.stop() }
    let client = try BenchNode(fixture, peers: [server.port])
    defer { client.stop() }
    let end = seconds() + 120
    while client.blocks.last?.height != UInt64(fixture.blockCount) {
        guard seconds() < end else { throw BenchmarkError("the sync did not end in time") }
        client.pump(milliseconds: 20)
        server.pump(milliseconds: 0)
    }
    try settle([], client, seconds: 2)
    return try client.memory()
}
