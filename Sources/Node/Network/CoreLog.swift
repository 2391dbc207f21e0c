internal import Chain
internal import Consensus
internal import EventLoop
internal import Ledger
internal import Logging
internal import Network
internal import Peering
internal import Platform
internal import Primitives
internal import ProtocolCore
internal import Supervisor
internal import Sync
internal import WholeFiles
internal import Wire

/// Turns what the core says happened into log lines, and into reports for a supervisor. On the loop thread.
final class CoreLog: CoreObserver {
    private let logger: Logger
    private let supervisor: SupervisorChannel?
    /// What must be known of a connection to name it once it is gone. One entry a connection.
    private var names: [PeerID: String] = [:]
    private var refused = Flood()
    private var refusedConnections = Flood()
    private var refusedTransactions = Flood()
    private var violations = Flood()
    private var otherRules = Flood()

    init(logger: Logger, supervisor: SupervisorChannel?) {
        self.logger = logger
        self.supervisor = supervisor
    }

    func observe(_ fact: CoreFact, now: Moment) {
        switch fact {
        case .peerConnected(let info): peerConnected(info)
        case .peerDisconnected(let id, let reason): peerDisconnected(id, reason)
        case .connectionRefused(_, let remote, let reason):
            if let skipped = refusedConnections.mayLog(at: now) {
                logger.info(
                    "connection refused: \(reason)", metadata: ["peer": "\(remote)", "reason": "\(reason.rawValue)", "also": "\(skipped)"])
            }
        case .peering(let fact): peering(fact, now)
        case .headMoved(let move, let origin): headMoved(move, origin, now)
        case .blockRelayed(let head, let count, let receivedAt, let peers): relayed(head, count, receivedAt, peers, now)
        case .blockRefused(let hash, let id, let reason):
            if let skipped = refused.mayLog(at: now) {
                logger.warning(
                    "block refused: \(reason)", metadata: ["hash": "\(hash.prefixedHex)", "peer": "\(name(id))", "also": "\(skipped)"])
            }
        case .competingBlock(let height, let hash):
            logger.notice("a competing block was seen beside our head", metadata: ["height": "\(height)", "hash": "\(hash.prefixedHex)"])
        case .syncStarted(let height, let target): logger.info("syncing", metadata: ["height": "\(height)", "target": "\(target)"])
        case .syncProgress(let progress): syncProgress(progress)
        case .syncFinished(let height): logger.info("in sync", metadata: ["height": "\(height)"])
        case .syncFault(let id, let fault): logger.notice("sync: \(fault)", metadata: ["peer": "\(name(id))"])
        case .rangeRefused(let height, let reason):
            logger.warning("a range of blocks was refused: \(reason)", metadata: ["height": "\(height)"])
        case .transactionRefused(let refusal):
            if let skipped = refusedTransactions.mayLog(at: now) {
                logger.debug("transaction refused: \(refusal)", metadata: ["also": "\(skipped)"])
            }
        case .productionSkipped(let timestamp, let reason):
            logger.notice("block not made: \(reason)", metadata: ["timestamp": "\(timestamp)"])
        case .violated(let id, let violation):
            if let skipped = violations.mayLog(at: now) {
                logger.info("peer broke the protocol: it \(violation)", metadata: ["peer": "\(name(id))", "also": "\(skipped)"])
            }
        case .producerClock(let notice): producerClock(notice)
        }
    }

    // MARK: Peers

    private func peerConnected(_ info: PeerInfo) {
        let shown = info.listenEndpoint ?? info.remote
        names[info.id] = "\(shown)"
        var fields: Logger.Metadata = [
            "peer": "\(shown)", "direction": "\(info.direction.isInbound ? "inbound" : "outbound")",
            "type": "\(info.handshake?.nodeType.text ?? "")", "version": "\(info.handshake?.version ?? "")", "height": "\(info.height)",
        ]
        if let commit = info.handshake?.commit { fields["commit"] = "\(commit)" }
        logger.info("peer connected", metadata: fields)
    }

    private func peerDisconnected(_ id: PeerID, _ reason: DisconnectReason) {
        let name = names.removeValue(forKey: id) ?? "\(id)"
        logger.info("peer disconnected: \(reason)", metadata: ["peer": "\(name)", "reason": "\(reason.rawValue)"])
    }

    private func peering(_ fact: PeerFact, _ now: Moment) {
        switch fact {
        case .otherRules(_, let theirs, let ours):
            guard let skipped = otherRules.mayLog(at: now) else { return }
            logger.warning(
                "\(fact)", metadata: ["theirs": "\(theirs.prefixedHex)", "ours": "\(ours.prefixedHex)", "also": "\(skipped)"])
        case .banned: logger.warning("\(fact)")
        case .dialFailed, .addressForgotten, .addressesLearned: logger.debug("\(fact)")
        case .alone(let solitude): solitude.tell(logger)
        default: logger.info("\(fact)")
        }
    }

    private func name(_ id: PeerID?) -> String {
        guard let id else { return "this node" }
        return names[id] ?? "\(id)"
    }

    // MARK: Blocks

    private func headMoved(_ move: HeadMove, _ origin: BlockOrigin, _ now: Moment) {
        let (head, count) = (move.to, origin == .own ? move.applied.last?.transactionCount ?? 0 : 0)
        if origin == .own {
            logger.info(
                "block produced", metadata: ["height": "\(head.height)", "hash": "\(head.hash.prefixedHex)", "transactions": "\(count)"])
        }
        guard let supervisor else { return }
        // A block by gossip is reported with its hop time, in `relayed`.
        if origin != .gossip { report(head, origin == .own ? .own : .sync, count, hop: 0, now, supervisor) }
    }

    private func relayed(_ head: Head, _ count: Int, _ receivedAt: Nanoseconds, _ peers: Int, _ now: Moment) {
        let hop = max(0, now.uptime - receivedAt) / 1000
        logger.info(
            "block received",
            metadata: [
                "height": "\(head.height)", "hash": "\(head.hash.prefixedHex)", "transactions": "\(count)", "relayed_to": "\(peers)",
                "hop_us": "\(hop)",
            ])
        if let supervisor { report(head, .gossip, count, hop: hop, now, supervisor) }
    }

    private func report(
        _ head: Head, _ origin: NodeReport.Origin, _ count: Int, hop: Int64, _ now: Moment, _ supervisor: SupervisorChannel
    ) {
        var seen = NodeReport.BlockSeen()
        seen.height = head.height
        seen.hash = head.hash
        seen.transactions = UInt64(count)
        seen.origin = origin
        seen.atMicroseconds = SystemClock.unixMicroseconds
        seen.hopMicroseconds = UInt64(clamping: hop)
        supervisor.send(.block(seen))
    }

    private func producerClock(_ notice: ProducerClocks.Notice) {
        func fields(_ reading: ProducerClocks.Reading) -> Logger.Metadata {
            // Milliseconds say more than a block's date, which is in whole seconds, can tell.
            let tenths = reading.offsetMilliseconds / 100
            let seconds = "\(tenths < 0 ? "-" : "")\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
            return ["producer": "\(reading.producer)", "ahead_s": "\(seconds)", "height": "\(reading.height)"]
        }
        switch notice {
        case .ahead(let reading):
            logger.warning(
                "a producer's clock is ahead of ours, and it may take others' turns: check NTP there and here", metadata: fields(reading))
        case .weAreBehind(let reading):
            logger.warning(
                "all producers' clocks are ahead of ours: it is this machine's clock that is slow; check NTP", metadata: fields(reading))
        case .inStep(let reading): logger.notice("a producer's clock is in step with ours again", metadata: fields(reading))
        }
    }

    // MARK: Sync

    private func syncProgress(_ progress: SyncProgress) {
        let rate = Int(progress.blocksPerSecond.rounded())
        let remaining = progress.remaining.map { "\($0 / .seconds(1)) s" } ?? "unknown"
        logger.info(
            "syncing",
            metadata: [
                "height": "\(progress.height)", "target": "\(progress.target)", "blocks_per_second": "\(rate)", "remaining": "\(remaining)",
            ])
    }
}

/// Keeps a line that anybody outside can cause from filling the log: one a second, with the number left out before it.
private struct Flood {
    private static let interval: Nanoseconds = .seconds(1)
    private var lastLogged: Nanoseconds = .min
    private var skipped = 0

    /// How many were left out since the last line, or `nil` when this one is to be left out too.
    mutating func mayLog(at now: Moment) -> Int? {
        guard lastLogged == .min || now.uptime - lastLogged >= Flood.interval else {
            skipped += 1
            return nil
        }
        lastLogged = now.uptime
        defer { skipped = 0 }
        return skipped
    }
}
