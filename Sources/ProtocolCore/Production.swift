internal import Chain
internal import Consensus
internal import Ledger
internal import Primitives
internal import Sync

/// When this producer makes its next block.
struct Production: Sendable {
    let configuration: ProducerConfiguration
    /// The operator wants no blocks for now.
    var isPaused = false
    /// A block is being made.
    var isUnderWay = false
    /// Until when a starting producer waits for peers; `nil` once it has waited or has one.
    var graceEnd: Nanoseconds?
    var parent: ProductionParent
    /// Which block that is: another one of the same height and time begins patience anew.
    var parentHash: Hash32
    /// When to look again.
    var nextDeadline: Nanoseconds?

    init(configuration: ProducerConfiguration, head: Head, at now: Moment) {
        self.configuration = configuration
        graceEnd = now.uptime + configuration.startGrace
        parent = ProductionParent(height: head.height, timestamp: head.timestamp, knownSince: now.uptime)
        parentHash = head.hash
        nextDeadline = now.uptime
    }
}

extension ProtocolCore {
    /// Looks whether it is our turn, and orders the block or says when to look again.
    mutating func produceIfDue(at now: Moment, into effects: inout [CoreEffect]) {
        guard var state = production, let deadline = state.nextDeadline, deadline <= now.uptime else { return }
        defer { production = state }
        guard !state.isUnderWay, !state.isPaused else {
            state.nextDeadline = nil
            return
        }
        if let graceEnd = state.graceEnd {
            guard now.uptime >= graceEnd || hasUsefulPeer else {
                state.nextDeadline = graceEnd
                return
            }
            // Only now could it hear of a block by the producer in turn, so only now does its patience with that one begin:
            // producers that start together would otherwise all take over at once.
            state.graceEnd = nil
            state.parent.knownSince = now.uptime
        }
        let decision = state.configuration.schedule.decide(
            parent: state.parent, address: state.configuration.address, isSyncing: isCatchingUp(at: now), now: now)
        switch decision {
        case .produce(let timestamp, _, _):
            state.isUnderWay = true
            state.nextDeadline = nil
            effects.append(.chain(.produceBlock(timestamp: timestamp)))
        case .wait(let untilUnixMilliseconds):
            let wait = Nanoseconds.milliseconds(max(1, untilUnixMilliseconds.subtracting(clamping: now.unixMilliseconds)))
            state.nextDeadline = now.uptime + min(wait, ProducerSchedule.longestSleep)
        case .never:
            state.nextDeadline = now.uptime + ProducerSchedule.longestSleep
        }
    }

    /// A new head, a finished sync or a failed attempt: look at once.
    mutating func reconsiderProduction(at now: Moment) {
        guard var state = production else { return }
        if state.parentHash != head.hash {
            state.parentHash = head.hash
            state.parent = ProductionParent(height: head.height, timestamp: head.timestamp, knownSince: now.uptime)
        }
        if !state.isUnderWay { state.nextDeadline = now.uptime }
        production = state
    }

    private mutating func isCatchingUp(at now: Moment) -> Bool {
        catchUp.isUnderWay(isBehind: sync.target > head.height, at: now.uptime)
    }

    private var hasUsefulPeer: Bool { links.all.contains(where: \.isReady) }
}

/// Whether a producer must wait because blocks are on their way to it. A claim alone does not hold it for long: a peer that lies
/// about its height could silence it otherwise, so what counts is that blocks really come.
struct CatchUp: Sendable {
    /// When a block was last applied by sync.
    private var lastProgress: Nanoseconds = .min
    /// Since when a peer claims more than we have.
    private var behindSince: Nanoseconds?

    mutating func applied(at now: Nanoseconds) { lastProgress = now }

    mutating func isUnderWay(isBehind: Bool, at now: Nanoseconds) -> Bool {
        guard isBehind else {
            behindSince = nil
            return false
        }
        let since = behindSince ?? now
        behindSince = since
        return now - max(since, lastProgress) < CoreLimits.catchUpPatience
    }
}
