public import Ledger
internal import Network
internal import Primitives
public import Sync

extension ChainProcessor {
    /// Takes a range that was prepared here or elsewhere, and reports it.
    public func install(_ ticket: SyncTicket, _ result: Result<[PreparedBlock], MalformedRange>, report: Report) {
        switch result {
        case .success(let blocks):
            ranges[ticket] = blocks
            report(.rangePrepared(ticket: ticket, count: blocks.count))
        case .failure(let fault):
            report(.rangeMalformed(ticket: ticket, reason: fault.reason))
        }
    }

    /// Applies a range in one commit. A bad block ends it; what came before is kept.
    func applyRange(_ ticket: SyncTicket, at now: Moment, report: Report) throws(ChainError) {
        guard let blocks = ranges.removeValue(forKey: ticket) else {
            report(
                .rangeRejected(ticket: ticket, height: head.height + 1, cause: .faultless, reason: "the range is not held any more"))
            return
        }
        var refused: (block: PreparedBlock, rejection: BlockRejection)?
        let move = try write(at: now) { moving throws(ChainError) in
            refused = try self.move(back: 0, onto: blocks, at: now, &moving)
        }
        if let move {
            report(.headMoved(move, .sync))
            reportCommitted(report)
        }
        guard let refused else { return report(.rangeApplied(ticket: ticket)) }
        let height = refused.block.block.header?.height ?? 0
        report(
            .rangeRejected(
                ticket: ticket, height: height, cause: cause(of: refused.rejection, height: height),
                reason: "block \(height): \(refused.rejection)"))
    }

    private func cause(of rejection: BlockRejection, height: UInt64) -> SyncRejection {
        switch rejection {
        case .wrongPreviousHash: .otherChain
        // A block at a height that we have, and not our block: another chain as well.
        case .wrongHeight(let expected, let found): found < expected ? .otherChain : .faultless
        case .tooFarInFuture: .faultless
        default: .invalidBlock
        }
    }
}
