public import Ledger
public import Network
internal import Primitives
public import Sync
internal import Wire

/// Why an answer to a range request is no run of blocks.
public struct MalformedRange: Error, Hashable, Sendable {
    public var reason: String

    public init(reason: String) {
        self.reason = reason
    }
}

extension ChainProcessor {
    /// Cuts an answer into its blocks' JSON without decoding them.
    public static func split(_ range: HeightRange, _ payload: [UInt8]) -> Result<[[UInt8]], MalformedRange> {
        let response: BlockResponse
        do throws(Violation) {
            response = try BlockResponse(decoding: payload)
        } catch {
            return .failure(MalformedRange(reason: "\(error)"))
        }
        switch response {
        case .unknown: return .success([])
        case .block: return .success([payload])
        case .blocks(let parts):
            guard parts.count <= range.count else {
                return .failure(MalformedRange(reason: "\(parts.count) blocks where \(range.count) were asked for"))
            }
            return .success(parts.map { Array(payload[$0]) })
        }
    }

    /// Checks that prepared blocks are the heights asked for, each on top of the one before.
    public static func checkRun(_ blocks: [PreparedBlock], _ range: HeightRange) -> Result<[PreparedBlock], MalformedRange> {
        for (index, block) in blocks.enumerated() {
            let height = range.first + UInt64(index)
            guard let header = block.block.header, header.height == height else {
                return .failure(MalformedRange(reason: "not block \(height) at place \(index) of the answer"))
            }
            if index > 0, header.previousHash.flatMap({ Hash32($0) }) != blocks[index - 1].hash {
                return .failure(MalformedRange(reason: "block \(height) does not follow block \(height - 1) of the same answer"))
            }
        }
        return .success(blocks)
    }

    func prepareAll(_ jsons: [[UInt8]], _ range: HeightRange) -> Result<[PreparedBlock], MalformedRange> {
        var blocks: [PreparedBlock] = []
        blocks.reserveCapacity(jsons.count)
        for (index, json) in jsons.enumerated() {
            do throws(DecodingError) {
                blocks.append(try preparer.prepare(block: json, knownSender: { _, _ in nil }))
            } catch {
                return .failure(MalformedRange(reason: "block \(range.first + UInt64(index)): \(error)"))
            }
        }
        return ChainProcessor.checkRun(blocks, range)
    }

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
                .rangeRejected(
                    ticket: ticket, height: head.height + 1, head: head, cause: .faultless, reason: "the range is not held any more"))
            return
        }
        var applied: [PreparedBlock] = []
        var refusal: (height: UInt64, cause: SyncRejection, reason: String)?
        try engine.begin()
        do throws(ChainError) {
            for block in blocks where try !isOurs(block) {
                do throws(ChainError) {
                    try engine.apply(block, now: now)
                    applied.append(block)
                } catch {
                    guard case .rejected(let rejection) = error else { throw error }
                    let height = block.block.header?.height ?? 0
                    refusal = (height, cause(of: rejection, height: height), rejection.description)
                    break
                }
            }
            try engine.commit()
            try follow(applied)
        } catch {
            engine.abort()
            throw error
        }
        if let refusal {
            report(
                .rangeRejected(
                    ticket: ticket, height: refusal.height, head: head, cause: refusal.cause,
                    reason: "block \(refusal.height): \(refusal.reason)"))
        } else {
            report(.rangeApplied(ticket: ticket, head: head))
        }
    }

    /// Whether our chain holds this very block: gossip may have brought it meanwhile.
    private func isOurs(_ block: PreparedBlock) throws(ChainError) -> Bool {
        guard let header = block.block.header, header.height <= engine.head.height else { return false }
        do { return try engine.store.height(ofBlock: block.hash) == header.height } catch { throw .store(error) }
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
