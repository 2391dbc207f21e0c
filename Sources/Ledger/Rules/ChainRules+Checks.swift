internal import Primitives

// What can be said of a transaction or a block before anything is executed.

extension ChainRules {
    /// What makes `transaction` unfit for any block that this node makes, whatever the state: the reference's `Validate`,
    /// then what it leaves open. nil when fit. The stateful rest is `check` and `BlockBuilder.add`.
    public func admissionFault(_ transaction: PreparedTransaction) -> TransactionRejection? {
        if let fault = transaction.fault { return fault }
        if transaction.size > Limits.maxTransactionBytes { return .tooLarge(bytes: transaction.size) }
        return protectionFault(transaction)
    }

    /// What makes `transaction` unfit inside a block, whatever the state.
    func blockFault(_ transaction: PreparedTransaction) -> TransactionRejection? {
        if let fault = transaction.fault { return fault }
        return ruleSet.isStrict ? protectionFault(transaction) : nil
    }

    private func protectionFault(_ transaction: PreparedTransaction) -> TransactionRejection? {
        if !transaction.hasTrueID { return .wrongID }
        if ruleSet.isStrict, let fault = lowSFault(transaction.transaction.signature) { return .signature(fault) }
        for (index, operation) in (transaction.transaction.data?.operations ?? []).enumerated() {
            guard let operation else { continue }
            switch operation.type {
            case .mint:
                guard let sender = transaction.sender, mayMint(sender) else {
                    return .mintByNonAuthority(transaction.transaction.from)
                }
            case .set, .delete:
                if StateKeys.isBalance(operation.key) { return .protectedKey(operation: index, key: operation.key) }
            case .transfer, .other: break
            }
        }
        return nil
    }

    private func lowSFault(_ signature: [UInt8]?) -> SignatureFault? {
        guard let signature, let parsed = Signature(signature), parsed.isLowS else { return .highS }
        return nil
    }

    /// Whether a block that this node makes could hold `transaction` alone on top of `ledger`: everything of
    /// `admissionFault`, then repetition, nonce and means. What several transactions do together is the business of
    /// `BlockBuilder`, and of `spending` for whoever adds up.
    /// - Throws: `TransactionError`.
    public func check(_ transaction: PreparedTransaction, on ledger: any LedgerReading) throws(TransactionError) {
        if let fault = admissionFault(transaction) { throw .rejected(fault) }
        var execution = BlockExecution(rules: self, mode: .making, base: ledger, producer: nil)
        try execution.execute(transaction)
    }

    /// Go's `ValidateBlock` in its order, on top of `parent`; strict rules ask their turn after the authority.
    /// `nowSeconds` is this node's clock.
    func fault(_ prepared: PreparedBlock, on parent: Head, nowSeconds: Int64) -> BlockRejection? {
        guard let header = prepared.block.header else { return .noHeader }
        if let fault = placeFault(prepared, header, parent, nowSeconds: nowSeconds) { return fault }
        guard let index = index(of: header.producer) else { return .notAnAuthority(header.producer) }
        if let fault = turnFault(header, index, parent) { return fault }
        if let fault = prepared.signatureFault { return .signature(fault) }
        if ruleSet.isStrict, let fault = lowSFault(prepared.block.signature) { return .signature(fault) }
        for index in prepared.transactions.indices {
            guard let transaction = prepared.transactions[index] else { return .nilTransaction(index: index) }
            if let fault = blockFault(transaction) { return .transaction(index: index, fault) }
        }
        guard header.merkleRoot.flatMap({ Hash32($0) }) == prepared.merkleRoot else { return .wrongMerkleRoot }
        // The reference finds this when it stores the block, after all else.
        for (index, transaction) in prepared.transactions.enumerated() {
            if let fault = transaction?.idFault { return .transaction(index: index, fault) }
        }
        return nil
    }

    private func placeFault(
        _ prepared: PreparedBlock, _ header: BlockHeader, _ parent: Head, nowSeconds: Int64
    ) -> BlockRejection? {
        if header.height == 0 { return .genesisAgain }
        if prepared.json.count > Limits.maxBlockBytes { return .tooLarge(bytes: prepared.json.count) }
        if prepared.transactions.count > Limits.maxBlockTransactions {
            return .tooManyTransactions(prepared.transactions.count)
        }
        let (expected, overflow) = parent.height.addingReportingOverflow(1)
        if overflow || header.height != expected { return .wrongHeight(expected: expected, found: header.height) }
        guard header.previousHash.flatMap({ Hash32($0) }) == parent.hash else { return .wrongPreviousHash }
        let (latest, isBeyond) = nowSeconds.addingReportingOverflow(Limits.maxFutureSeconds)
        if !isBeyond, header.timestamp > latest { return .tooFarInFuture(timestamp: header.timestamp, now: nowSeconds) }
        if header.timestamp <= parent.timestamp {
            return .notAfterParent(timestamp: header.timestamp, parent: parent.timestamp)
        }
        return nil
    }

    private func turnFault(_ header: BlockHeader, _ index: Int, _ parent: Head) -> BlockRejection? {
        guard case .strict(let blockTime) = ruleSet else { return nil }
        let place = place(ofAuthority: index, height: header.height)
        let earliest = earliest(place: place, after: parent.timestamp, blockTimeSeconds: blockTime)
        if header.timestamp >= earliest { return nil }
        return .tooEarly(producer: header.producer, timestamp: header.timestamp, earliest: earliest)
    }
}
