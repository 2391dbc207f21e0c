internal import Chain
internal import Network
internal import Primitives
internal import ProtocolCore

/// Who does the chain's work for the core. Calls come on the loop thread and must not block; reports go back through
/// `NetworkShell.report`.
protocol ChainExecutor: AnyObject, Sendable {
    func submit(_ command: ChainCommand)
    /// Reads blocks and has them sent: calls `NetworkShell.answer` once for each call, from any thread.
    func readBlocks(_ range: HeightRange, isSingle: Bool, for id: PeerID)
}

/// Who hears of what happened: the log, the metrics, the supervisor. Calls come on the loop thread.
protocol CoreObserver: AnyObject {
    func observe(_ fact: CoreFact, now: Moment)
}
