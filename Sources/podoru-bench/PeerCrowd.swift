internal import ChainTools
internal import EventLoop
internal import Ledger
internal import Node
internal import Platform
internal import Primitives
internal import Synchronization
internal import Wire

/// Peers of a node: one that pings it all the time, on a thread of its own, and others that only listen, on another. Where they
/// shall, the first sends a block of the fixture's chain each second.
final class PeerCrowd: Sendable {
    private struct State {
        var milliseconds: [Double] = []
        var failure: String?
        var isStopping = false
        var running = 2
    }

    private static let pingPauseMilliseconds: Int64 = 1
    private static let listenMilliseconds: Int32 = 2
    private static let blockSeconds = 1.0
    private let state = Mutex(State())

    init(_ count: Int, port: UInt16, _ fixture: ChainFixture, sendsBlocks: Bool) throws {
        let chainID = fixture.genesis.hash.prefixedHex
        let path = fixture.chainPath
        start("pinger") { [self] in
            let file = sendsBlocks ? try BlockFileReader(path: path) : nil
            _ = try file?.next()
            try ping(try BenchPeer(port: port, chainID: chainID, skims: true), file)
        }
        start("listeners") { [self] in
            let peers = try (1..<count).map { _ in try BenchPeer(port: port, chainID: chainID, skims: true) }
            while !isStopping { for peer in peers { try peer.pump(milliseconds: PeerCrowd.listenMilliseconds) } }
        }
        while state.withLock({ $0.milliseconds.isEmpty && $0.failure == nil }) { pauseFor(milliseconds: 5) }
        try check()
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func start(_ name: String, _ work: @escaping @Sendable () throws -> Void) {
        let hasStarted = SystemThread.start(name: name) { [self] in
            do { try work() } catch { state.withLock { $0.failure = "\(error)" } }
            state.withLock { $0.running -= 1 }
        }
        guard !hasStarted else { return }
        state.withLock { state in
            state.failure = "no thread is left"
            state.running -= 1
        }
    }

    private func ping(_ peer: BenchPeer, _ blocks: BlockFileReader?) throws {
        var nextBlock = seconds() + PeerCrowd.blockSeconds
        while !isStopping {
            let milliseconds = try peer.ping()
            state.withLock { $0.milliseconds.append(milliseconds) }
            if seconds() >= nextBlock, let json = try blocks?.next() {
                nextBlock += PeerCrowd.blockSeconds
                try peer.send(.block, json)
            }
            pauseFor(milliseconds: PeerCrowd.pingPauseMilliseconds)
        }
    }

    /// The round trips of the pings while `body` ran, in milliseconds.
    func pings(_ body: () throws -> Void) throws -> [Double] {
        state.withLock { $0.milliseconds = [] }
        try body()
        try check()
        return state.withLock { $0.milliseconds }
    }

    func check() throws {
        if let failure = state.withLock({ $0.failure }) { throw BenchmarkError("the peers: \(failure)") }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        while state.withLock({ $0.running > 0 }) { pauseFor(milliseconds: 5) }
    }
}
