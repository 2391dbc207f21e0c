import Chain
import Ledger
import Mempool
import Primitives
import ProtocolCore
import Storage

@testable import ChainService
@testable import Node

/// A chain worker on its own thread over a real store, without a network.
final class WorkerHarness: Sendable {
    let network: TestNetwork
    let worker: ChainWorker
    let hasStarted: Bool

    init(
        limits: MempoolLimits = MempoolLimits(), authority: Int? = nil, startThread: ChainWorker.ThreadStarter? = nil
    ) throws {
        let network = try TestNetwork()
        self.network = network
        let chain = try ChainDirectory(network.dataPath("worker"), genesis: network.genesis)
        let pool = SignaturePool(rules: network.genesis.rules)
        let key = authority.map { network.authorities[$0] }
        let processor = try ChainProcessor(engine: chain.engine, limits: limits, key: key, preparer: pool)
        if let startThread {
            worker = ChainWorker(pool: pool, reader: chain.store.reader, maxFrameBytes: 1 << 20, startThread: startThread)
        } else {
            worker = ChainWorker(pool: pool, reader: chain.store.reader, maxFrameBytes: 1 << 20)
        }
        hasStarted = worker.start(
            processor,
            outputs: ChainWorker.Outputs(report: { _ in }, answer: { _, _ in }, readFailed: { _, _ in }, failed: { _ in }))
    }

    func submit(_ json: [UInt8]) async -> Submission {
        await withCheckedContinuation { continuation in
            worker.submit(TransactionCandidate(submitted: json)) { continuation.resume(returning: $0) }
        }
    }

    func stop() async {
        await withCheckedContinuation { continuation in worker.stop { continuation.resume() } }
    }
}

extension Submission {
    /// The case's name and what it carries, as text.
    var summary: String {
        switch self {
        case .admitted: "admitted"
        case .known: "known"
        case .refused(let rejection): "refused \(rejection.name)"
        case .malformed: "malformed"
        case .busy: "busy"
        case .stopped: "stopped"
        }
    }
}
