internal import ChainService
internal import ChainTools
internal import EventLoop
internal import Ledger
internal import Node
internal import Platform
internal import Primitives
internal import Synchronization

/// The HTTP API of a `podoru run` process with a few peers, on a chain that grows by a block a second.
///
/// Requests are measured with `wrk`, against a bare HTTP/1 server of NIO with one thread in the same run; without `wrk` that is
/// left out. Transactions are posted by a load generator of our own, which shares the cores with the node, against the
/// signatures that one core recovers alone.
func runAPIBenchmark() throws -> [BenchmarkRow] {
    let fixture = try ChainFixture.load()
    return try measureRequests(fixture) + measureReads(fixture) + measureSubmission(fixture) + measureBursts(fixture)
        + measureFanOut(fixture)
}

private let crowdPeers = 4

// MARK: Requests

private let requestRounds = 2

private func measureRequests(_ fixture: ChainFixture) throws -> [BenchmarkRow] {
    guard Wrk.isInstalled else {
        print("wrk is missing (Debian's package `wrk`): requests a second are left out")
        return []
    }
    let hello = try HelloServer()
    defer { hello.stop() }
    let node = try BenchNode(fixture, hasAPI: true, prepare: { _ = try fillStore($0, fixture) })
    defer { node.stop() }
    let crowd = try PeerCrowd(crowdPeers, port: node.port, fixture, sendsBlocks: false)
    defer { crowd.stop() }
    let key = try fixtureKey(fixture)
    var (hellos, peers, states): ([Double], [Double], [Double]) = ([], [], [])
    var (nodes, chains, healths): ([Double], [Double], [Double]) = ([], [], [])
    // Turn by turn: a machine whose speed drifts slows all of them.
    for _ in 0..<requestRounds {
        hellos.append(try Wrk.run(port: hello.port, path: "/hello"))
        peers.append(try Wrk.run(port: node.apiPort, path: "/api/v1/node/peers"))
        states.append(try Wrk.run(port: node.apiPort, path: "/api/v1/state/\(key)"))
        nodes.append(try Wrk.run(port: node.apiPort, path: "/api/v1/node/info"))
        chains.append(try Wrk.run(port: node.apiPort, path: "/api/v1/chain/info"))
        healths.append(try Wrk.run(port: node.apiPort, path: "/api/v1/node/health"))
    }
    try crowd.check()
    let bare = median(hellos)
    return [
        .figure("a bare HTTP/1 server of NIO", bare, "requests/s"),
        .atLeast(20_000, "node/peers with \(crowdPeers) peers", median(peers), "requests/s"),
        .atLeast(0.6, "node/peers ÷ bare", median(peers) / bare, ""),
        .atLeast(20_000, "state/{key}", median(states), "requests/s"),
        .atLeast(0.6, "state/{key} ÷ bare", median(states) / bare, ""),
        .figure("chain/info", median(chains), "requests/s"),
        .figure("node/info with \(crowdPeers) peers", median(nodes), "requests/s"),
        .atLeast(1, "node/info ÷ chain/info", median(nodes) / median(chains), ""),
        .atLeast(0.6, "node/info ÷ bare", median(nodes) / bare, ""),
        .atLeast(0.6, "node/health ÷ bare", median(healths) / bare, ""),
    ]
}

/// A state key that the fixture's chain sets.
private func fixtureKey(_ fixture: ChainFixture) throws -> String {
    let file = try BlockFileReader(path: fixture.chainPath)
    _ = try file.next()
    guard let json = try file.next(), let operation = try Block(decoding: json).transactions?.first??.data?.operations?.first ?? nil else {
        throw BenchmarkError("the fixture's first block has no transaction")
    }
    return operation.key.text
}

// MARK: Transactions

private let submissionRounds = 3
/// Of one node: its mempool holds 10 000, and only the blocks of the fixture's chain come. At the steady rate that is 1.8 s, in which
/// some 1500 pings go and come.
private let submissionsPerNode = 9000
/// What a node must bear beside its peers.
private let steadyRate = 5000.0
private let submitters = 100
private let submissionConnections = 16
private let idleSeconds = 3.0

private func measureSubmission(_ fixture: ChainFixture) throws -> [BenchmarkRow] {
    let transactions = try signedTransactions(fixture, submissionsPerNode, senders: submitters)
    let requests = transactions.map { HTTPLoad.post("/api/v1/transaction", $0.json) }
    var (recoveries, rates, tails): ([Double], [Double], [Double]) = ([], [], [])
    var (idles, steadies, loads): ([Double], [Double], [Double]) = ([], [], [])
    // CPU and not time: what else the machine does changes it little. In recoveries of the same round.
    var (nodeCosts, clientCosts): ([Double], [Double]) = ([], [])
    for _ in 0..<submissionRounds {
        let began = threadSeconds()
        recoveries.append(try recoveriesPerSecond(transactions))
        let recovery = (threadSeconds() - began) / Double(recoverySample)
        try withCrowd(fixture) { _, crowd, load in
            idles.append(percentile(try crowd.pings { pauseFor(milliseconds: Int64(idleSeconds * 1000)) }, 0.99))
            steadies.append(percentile(try crowd.pings { _ = try load.run(requests, perSecond: steadyRate) }, 0.99))
        }
        try withCrowd(fixture) { node, crowd, load in
            let (nodeBefore, clientBefore) = (try node.cpuSeconds(), threadSeconds())
            var result: HTTPLoad.Result?
            loads.append(percentile(try crowd.pings { result = try load.run(requests) }, 0.99))
            nodeCosts.append((try node.cpuSeconds() - nodeBefore) / Double(requests.count) / recovery)
            clientCosts.append((threadSeconds() - clientBefore) / Double(requests.count) / recovery)
            guard let result else { return }
            rates.append(result.perSecond)
            tails.append(percentile(result.milliseconds, 0.99))
        }
    }
    let (rate, alone) = (median(rates), median(recoveries))
    return [
        .figure("signature recoveries on one core", alone, "/s"),
        .atLeast(5000, "POST transaction, \(submissionConnections) connections", rate, "/s"),
        .atLeast(0.3, "POST transaction ÷ recoveries on one core", rate / alone, ""),
        .figure("CPU of the node for a posted transaction, its peers and pings among it ÷ CPU of a recovery", median(nodeCosts), ""),
        .figure("CPU of the client for one ÷ CPU of a recovery", median(clientCosts), ""),
        .atMost(20, "POST transaction, p99", median(tails), "ms"),
        .figure("ping of a peer, idle, p99", median(idles), "ms"),
        .figure("ping of a peer, at 5000 transactions a second, p99", median(steadies), "ms"),
        .atMost(3, "ping p99 at 5000/s ÷ idle", median(steadies) / median(idles), "×"),
        .figure("ping of a peer, at all that 16 connections can post, p99", median(loads), "ms"),
    ]
}

/// A node with peers, and clients of its API.
private func withCrowd(
    _ fixture: ChainFixture, connections: Int = submissionConnections, _ body: (BenchNode, PeerCrowd, HTTPLoad) throws -> Void
) throws {
    let node = try BenchNode(fixture, hasAPI: true)
    defer { node.stop() }
    let crowd = try PeerCrowd(crowdPeers, port: node.port, fixture, sendsBlocks: true)
    defer { crowd.stop() }
    try body(node, crowd, try HTTPLoad(port: node.apiPort, connections: connections))
}

// MARK: Bursts

/// All that a mempool holds.
private let burst = 10_000
private let burstConnections = 64

/// A service with few keys posts as much as a mempool holds, at once: the usual client of these chains. All of it must be taken.
private func measureBursts(_ fixture: ChainFixture) throws -> [BenchmarkRow] {
    let four = try signedTransactions(fixture, burst, senders: 4)
    // Each goes before all that wait: the most work for the sender's queue.
    let one = Array(try signedTransactions(fixture, burst, senders: 1).reversed())
    var (taken, rates): ([Double], [Double]) = ([], [])
    for transactions in [four, one] {
        let requests = transactions.map { HTTPLoad.post("/api/v1/transaction", $0.json) }
        try withCrowd(fixture, connections: burstConnections) { _, _, load in
            let result = try load.run(requests, mayRefuse: true)
            taken.append(Double(burst - result.refused.values.reduce(0, +)))
            rates.append(result.perSecond)
        }
    }
    return [
        .atLeast(Double(burst), "taken of \(burst) transactions of 4 senders, at once over \(burstConnections) connections", taken[0], ""),
        .figure("POST transaction, these", rates[0], "/s"),
        .atLeast(Double(burst), "taken of \(burst) transactions of one sender, the last nonce first", taken[1], ""),
        .atLeast(0.7, "POST transaction, one sender ÷ four senders", rates[1] / rates[0], ""),
    ]
}

/// What the clients submit, signed beforehand: SETs of so many senders, each in the order of its nonces.
private func signedTransactions(_ fixture: ChainFixture, _ count: Int, senders: Int) throws -> [Transaction] {
    let keys = try (0..<senders).map { try PrivateKey(bytes: SHA256.hash(Array("podoru-bench-submitter-\($0)".utf8)).bytes) }
    return SignaturePool(rules: fixture.genesis.rules).map(Array(0..<count), perChunk: 16) { number in
        let operation = Operation(type: .set, key: ByteString("bench:submitted:\(number)"), value: [UInt8](repeating: 7, count: 32))
        return Transaction(
            operations: [operation], timestamp: fixture.genesis.configuration.timestamp, nonce: UInt64(number / senders),
            key: keys[number % senders])
    }
}

private let recoverySample = 3000

/// CPU that the calling thread has had.
private func threadSeconds() -> Double { Double(SystemClock.threadTime) / 1e9 }

private func recoveriesPerSecond(_ transactions: [Transaction]) throws -> Double {
    let sample = transactions.prefix(recoverySample).map { (hash: $0.hash, signature: $0.signature.flatMap { Signature($0) }) }
    let started = seconds()
    for entry in sample { _ = try entry.signature?.recoverAddress(entry.hash) }
    return Double(sample.count) / (seconds() - started)
}
