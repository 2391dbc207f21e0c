internal import Consensus
internal import Gossip
internal import Ledger
internal import Mempool
internal import Primitives

// Every move of the head goes through `write`: one write of the store, then mempool and observer follow.
extension ChainProcessor {
    /// What one write has done so far.
    struct Moving {
        let from: Head
        /// Newest first.
        fileprivate(set) var undone: [UndoneBlock] = []
        fileprivate(set) var applied: [AppliedBlock] = []

        mutating func add(_ block: AppliedBlock) { applied.append(block) }

        /// What others are told; nil when nothing moved.
        fileprivate func move(to head: Head) -> HeadMove? {
            if undone.isEmpty, applied.isEmpty { return nil }
            return HeadMove(from: from, to: head, undone: undone.map(\.block.hash), applied: applied.map { BlockSummary($0) })
        }
    }

    /// One write of the chain: all that `body` does to it is on disk when this returns, or nothing is.
    ///
    /// - Parameter isValid: told of the move before it is on disk.
    /// - Returns: nil when nothing moved.
    /// - Throws: what `body` throws, or `ChainError.store`.
    func write(
        at now: Moment, isValid: (HeadMove) -> Void = { _ in }, _ body: (inout Moving) throws(ChainError) -> Void
    ) throws(ChainError) -> HeadMove? {
        var moving = Moving(from: engine.head)
        do throws(ChainError) {
            try engine.begin()
            try body(&moving)
            guard let move = moving.move(to: engine.head) else {
                engine.abort()
                return nil
            }
            isValid(move)
            try engine.commit()
            try follow(move, moving, at: now)
            return move
        } catch {
            engine.abort()
            throw error
        }
    }

    /// Takes `count` blocks back and puts `blocks` on what is left, up to the first that is refused. A chain that only grows takes none back.
    ///
    /// - Returns: the refused block and why, or nil.
    /// - Throws: `ChainError.store`.
    func move(
        back count: Int, onto blocks: [PreparedBlock], at now: Moment, _ moving: inout Moving
    ) throws(ChainError) -> (block: PreparedBlock, rejection: BlockRejection)? {
        for _ in 0..<count { moving.undone.append(try engine.undoHead()) }
        for block in blocks where try !isOurs(block) {
            do throws(ChainError) {
                moving.applied.append(try engine.apply(block, now: now))
            } catch {
                guard case .rejected(let rejection) = error else { throw error }
                return (block, rejection)
            }
        }
        return nil
    }

    /// Whether our chain holds this very block: gossip may have brought it meanwhile.
    private func isOurs(_ block: PreparedBlock) throws(ChainError) -> Bool {
        guard let header = block.block.header, header.height <= engine.head.height else { return false }
        do { return try engine.store.height(ofBlock: block.hash) == header.height } catch { throw .store(error) }
    }

    /// Tells the core of a move that it has heard of: it is on disk, and this is what waits again because of it.
    func reportCommitted(_ report: Report) {
        report(.committed(head))
        if !readmitted.isEmpty { report(.readmitted(readmitted)) }
        readmitted = []
    }

    /// Lets the mempool and the observer follow what is on disk now: what new blocks hold leaves the mempool before the move is told, what
    /// undone blocks held and the new ones do not comes back after it, the oldest first.
    private func follow(_ move: HeadMove, _ moving: Moving, at now: Moment) throws(ChainError) {
        for block in moving.applied {
            do { tellRemoved(try mempool.blockApplied(block.prepared, on: engine.store)) } catch { throw .store(error) }
        }
        observer?.moved(move, blocks: moving.applied.map(\.prepared))
        guard !moving.undone.isEmpty else { return }
        var returned: [PreparedTransaction] = []
        for undone in moving.undone.reversed() {
            do {
                let block = try preparer.prepare(block: undone.json, knownSender: mempool.knownSender)
                for change in try mempool.blockUndone(block, on: engine.store, now: now.uptime) {
                    switch change {
                    case .admitted(let transaction):
                        observer?.admitted(transaction)
                        returned.append(transaction)
                    case .removed(let removal): tellRemoved([removal])
                    }
                }
            } catch {
                throw .store(error)
            }
        }
        readmitted += returned.filter { mempool.contains($0.hash) }.map { GossipTransaction($0) }
    }
}

extension GossipTransaction {
    /// A transaction in its canonical form.
    init(_ prepared: PreparedTransaction) {
        let payload = prepared.transaction.json
        self.init(id: SHA256.hash(payload), payload: payload)
    }
}
