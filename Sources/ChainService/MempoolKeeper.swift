internal import Chain
internal import DequeModule
internal import Dispatch
internal import Ledger
package import Logging
internal import Mempool
internal import Primitives
internal import Synchronization
internal import WholeFiles

/// Carries pending transactions over a restart: gives back at the start what the last run kept, and keeps what waits, at an orderly end and
/// every minute in which it changed. A killed node so loses what came in its last minute at most.
///
/// Whatever is wrong with the file costs the file and a line in the log, never the start or the end of the node.
// Unchecked: all that changes is touched on the chain's thread only, but for what is behind the lock.
package final class MempoolKeeper: @unchecked Sendable {
    /// Between two writes of a running node: 4 MB of usual transactions at most, 20 of the largest.
    static let interval: Nanoseconds = .seconds(60)

    private let file: MempoolFile
    private let log: Logger
    /// What was read and has not been given back yet. Bounded by the file.
    private var waiting: Deque<KeptTransaction> = []
    private var taken = 0
    private var refused = 0
    private var lastSave: Nanoseconds = .min
    /// What the file holds, as far as a mempool says it.
    private var saved: Mempool.Revision?
    private let writing = DispatchQueue(label: "podoru.mempool", qos: .utility)
    /// Whether the last write failed: said once, not every minute.
    private let hasFailed = Mutex(false)

    package init(file: MempoolFile, log: Logger) {
        self.file = file
        self.log = log
    }

    // MARK: At the start

    /// Whether something is to be given back.
    var hasWaiting: Bool { !waiting.isEmpty }

    /// Reads the file. What has waited for too long is left out.
    func load(at now: Moment) {
        lastSave = now.uptime
        do {
            let kept = try file.read()
            waiting = Deque(kept.filter { now.waited(since: $0.since) < MempoolLimits().lifetime })
            refused = kept.count - waiting.count
            if waiting.isEmpty, !kept.isEmpty { tellTaken() }
        } catch {
            log.warning(
                "the pending transactions of the last run are lost", metadata: ["file": "\(file.path)", "reason": "\(error)"])
            file.putAside()
        }
    }

    /// The next of them, at most so many, the oldest first. They wait on until `note`.
    func next(_ count: Int, at now: Moment) -> [TransactionCandidate] {
        waiting.prefix(count).map { kept in
            var candidate = TransactionCandidate(gossipID: SHA256.hash(kept.json), payload: kept.json, from: nil)
            candidate.waited = now.waited(since: kept.since)
            return candidate
        }
    }

    /// Takes note of what became of them: of the first of those that wait.
    func note(_ verdicts: [TransactionVerdict]) {
        waiting.removeFirst(min(verdicts.count, waiting.count))
        for verdict in verdicts {
            if case .admitted = verdict.outcome { taken += 1 } else { refused += 1 }
        }
        if waiting.isEmpty { tellTaken() }
    }

    private func tellTaken() {
        log.notice("pending transactions of the last run taken back", metadata: ["transactions": "\(taken)", "left_out": "\(refused)"])
    }

    // MARK: While it runs, and at the end

    /// Writes what waits beside the chain's thread, when it is time and something has changed.
    func saveIfDue(_ mempool: Mempool, at now: Moment) {
        guard waiting.isEmpty, now.uptime - lastSave >= MempoolKeeper.interval else { return }
        lastSave = now.uptime
        guard mempool.revision != saved else { return }
        saved = mempool.revision
        let pending = mempool.pending
        writing.async { [self] in write(pending, at: now) }
    }

    /// Writes what waits, and waits for it.
    func saveAtEnd(_ mempool: Mempool, at now: Moment) {
        let pending = mempool.pending
        writing.sync { write(pending, and: Array(waiting), at: now) }
    }

    /// Waits for what is being written. For tests.
    func finishWriting() { writing.sync {} }

    private func write(_ pending: [Mempool.Pending], and others: [KeptTransaction] = [], at now: Moment) {
        let kept = pending.map { pending in
            KeptTransaction(
                since: now.unixMilliseconds - (now.uptime - pending.admittedAt) / 1_000_000, json: pending.transaction.transaction.json)
        }
        do throws(FileError) {
            try file.write(kept + others)
            hasFailed.withLock { $0 = false }
        } catch {
            let isFirst = hasFailed.withLock { hasFailed in
                defer { hasFailed = true }
                return !hasFailed
            }
            let count = kept.count + others.count
            if isFirst {
                log.warning("pending transactions could not be kept", metadata: ["transactions": "\(count)", "reason": "\(error)"])
            }
        }
    }
}

extension Moment {
    /// How long ago `since` (unix milliseconds) was; 0 when it is to come, as after a clock was set back.
    fileprivate func waited(since: Int64) -> Nanoseconds {
        let (milliseconds, hasOverflown) = unixMilliseconds.subtractingReportingOverflow(since)
        // The longest that is told apart: a day, far above any lifetime.
        let longest: Int64 = 86_400_000
        return (hasOverflown ? (since < 0 ? longest : 0) : min(longest, max(0, milliseconds))) * 1_000_000
    }
}
