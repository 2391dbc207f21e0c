internal import Dispatch
public import Framing
public import Ledger
public import Primitives
public import ProtocolCore
internal import Synchronization

/// Decodes blocks and recovers signatures on all cores.
///
/// Nine tenths of what a block costs is the recovery of its transactions' signers, which needs no state: the calling thread
/// and the system's worker threads share it in chunks.
public struct ParallelPreparer: Preparer, Sendable {
    /// Blocks of a range that one thread takes at a time: about 10 ms of work, small against a range and large against a hop.
    static let blocksPerChunk = 8
    /// Transactions of one block that one thread takes at a time: 0.3 ms of work, thirty times the cost of waking a thread.
    static let transactionsPerChunk = 8

    private let rules: ChainRules

    public init(rules: ChainRules) {
        self.rules = rules
    }

    // MARK: One block

    /// A block at the tip: what its transactions' signatures cost is spread over the cores, except those that are known.
    public func prepare(block json: [UInt8], knownSender: PreparedTransaction.KnownSender) throws(DecodingError) -> PreparedBlock {
        var block = try PreparedBlock(unverified: json)
        guard block.transactions.count > ParallelPreparer.transactionsPerChunk else {
            block.verify(isAuthority: rules.isAuthority, knownSender: knownSender)
            return block
        }
        block.verifyProducer()
        // A block by a stranger is refused whatever its transactions are: nothing is recovered for it.
        guard block.signatureFault == nil, rules.isAuthority(block.producer), block.transactions.count <= Limits.maximumBlockTransactions
        else { return block }
        var unknown: [(index: Int, transaction: PreparedTransaction)] = []
        for (index, transaction) in block.transactions.enumerated() {
            guard var transaction else { continue }
            if let signature = transaction.transaction.signature, knownSender(transaction.hash, signature) != nil {
                transaction.verify(knownSender: knownSender)
                block.install(transaction, at: index)
            } else {
                unknown.append((index, transaction))
            }
        }
        let verified = ParallelPreparer.map(unknown, chunk: ParallelPreparer.transactionsPerChunk) { entry in
            var transaction = entry.transaction
            transaction.verify()
            return (entry.index, transaction)
        }
        for (index, transaction) in verified { block.install(transaction, at: index) }
        return block
    }

    public func prepare(transactions payloads: [[UInt8]]) -> [Result<PreparedTransaction, DecodingError>] {
        ParallelPreparer.map(payloads, chunk: ParallelPreparer.transactionsPerChunk) { payload in
            Result { () throws(DecodingError) -> PreparedTransaction in try PreparedTransaction(decoding: payload) }
        }
    }

    // MARK: A range

    /// The blocks of a range answer, each prepared, and checked to be the run that was asked for.
    public func prepare(range: HeightRange, payload: [UInt8]) -> Result<[PreparedBlock], MalformedRange> {
        ChainProcessor.split(range, payload).flatMap { prepare(blocks: $0, range: range) }
    }

    /// The same from the blocks' JSON.
    public func prepare(blocks jsons: [[UInt8]], range: HeightRange) -> Result<[PreparedBlock], MalformedRange> {
        let prepared = prepare(blocks: jsons)
        var blocks: [PreparedBlock] = []
        blocks.reserveCapacity(prepared.count)
        for (index, result) in prepared.enumerated() {
            switch result {
            case .success(let block): blocks.append(block)
            case .failure(let error): return .failure(MalformedRange(reason: "block \(range.first + UInt64(index)): \(error)"))
            }
        }
        return ChainProcessor.checkRun(blocks, range)
    }

    /// Blocks in order, each prepared or not decodable.
    public func prepare(blocks jsons: [[UInt8]]) -> [Result<PreparedBlock, DecodingError>] {
        let rules = rules
        return ParallelPreparer.map(jsons, chunk: ParallelPreparer.blocksPerChunk) { json in
            Result { () throws(DecodingError) -> PreparedBlock in try PreparedBlock.prepare(json, isAuthority: rules.isAuthority) }
        }
    }

    /// Maps on all cores, in order, the calling thread among them.
    static func map<Element, Mapped>(_ elements: [Element], chunk: Int, _ body: (Element) -> Mapped) -> [Mapped] {
        guard elements.count > chunk else { return elements.map(body) }
        let chunks = (elements.count + chunk - 1) / chunk
        return [Mapped](unsafeUninitializedCapacity: elements.count) { buffer, count in
            // Each index is written by one thread only, and `concurrentPerform` returns when all are.
            nonisolated(unsafe) let places = buffer
            nonisolated(unsafe) let source = elements
            nonisolated(unsafe) let work = body
            DispatchQueue.concurrentPerform(iterations: chunks) { number in
                for index in number * chunk..<min((number + 1) * chunk, source.count) {
                    places.initializeElement(at: index, to: work(source[index]))
                }
            }
            count = elements.count
        }
    }
}
