public import Ledger
public import Network
public import Primitives
internal import Wire

/// Does the expensive, stateless part of checking blocks and transactions.
public protocol Preparer {
    /// - Throws: `DecodingError` when `json` is no block.
    func prepare(block json: [UInt8], knownSender: PreparedTransaction.KnownSender) throws(DecodingError) -> PreparedBlock
    /// Prepares the blocks of a range, each by itself and without a mempool's help; in order, a result for each.
    func prepare(blocks: [[UInt8]]) -> [Result<PreparedBlock, DecodingError>]
    /// In order, a result for each. What is read already has its signature checked only.
    func prepare(transactions candidates: [TransactionCandidate]) -> [Result<PreparedTransaction, DecodingError>]
}

/// Prepares one after the other on the calling thread.
struct SequentialPreparer: Preparer {
    let rules: ChainRules

    func prepare(block json: [UInt8], knownSender: PreparedTransaction.KnownSender) throws(DecodingError) -> PreparedBlock {
        try PreparedBlock.prepare(json, isAuthority: rules.isAuthority, knownSender: knownSender)
    }

    func prepare(blocks: [[UInt8]]) -> [Result<PreparedBlock, DecodingError>] {
        blocks.map { json in
            Result { () throws(DecodingError) -> PreparedBlock in try prepare(block: json, knownSender: { _, _ in nil }) }
        }
    }

    func prepare(transactions candidates: [TransactionCandidate]) -> [Result<PreparedTransaction, DecodingError>] {
        candidates.map { $0.prepare() }
    }
}

extension TransactionCandidate {
    /// Reads it, unless that is done, and recovers its signer.
    public func prepare() -> Result<PreparedTransaction, DecodingError> {
        Result { () throws(DecodingError) -> PreparedTransaction in
            guard var prepared else { return try PreparedTransaction(decoding: payload) }
            prepared.verify()
            return prepared
        }
    }
}

// MARK: Ranges

/// Why an answer to a range request is no run of blocks.
public struct MalformedRange: Error, Hashable, Sendable {
    public var reason: String

    public init(reason: String) {
        self.reason = reason
    }
}

/// An answer to a range request: how it is cut into blocks, and what their preparing must have given. It is the same however and
/// wherever the blocks are prepared.
public struct RangeAnswer: Sendable {
    public let range: HeightRange
    /// The JSON of each block, not decoded.
    public let blocks: [[UInt8]]

    /// Cuts an answer into its blocks without decoding them.
    public init(to range: HeightRange, payload: [UInt8]) throws(MalformedRange) {
        self.range = range
        let response: BlockResponse
        do throws(Violation) {
            response = try BlockResponse(decoding: payload)
        } catch {
            throw MalformedRange(reason: "\(error)")
        }
        switch response {
        case .unknown: blocks = []
        case .block: blocks = [payload]
        case .blocks(let parts):
            guard parts.count <= range.count else {
                throw MalformedRange(reason: "\(parts.count) blocks where \(range.count) were asked for")
            }
            blocks = parts.map { Array(payload[$0]) }
        }
    }

    /// Checks that the prepared blocks are the heights asked for, each on top of the one before.
    public func run(of results: [Result<PreparedBlock, DecodingError>]) -> Result<[PreparedBlock], MalformedRange> {
        var run: [PreparedBlock] = []
        run.reserveCapacity(results.count)
        for (index, result) in results.enumerated() {
            let height = range.first + UInt64(index)
            let block: PreparedBlock
            switch result {
            case .success(let prepared): block = prepared
            case .failure(let error): return .failure(MalformedRange(reason: "block \(height): \(error)"))
            }
            guard let header = block.block.header, header.height == height else {
                return .failure(MalformedRange(reason: "not block \(height) at place \(index) of the answer"))
            }
            if let parent = run.last, header.previousHash.flatMap({ Hash32($0) }) != parent.hash {
                return .failure(MalformedRange(reason: "block \(height) does not follow block \(height - 1) of the same answer"))
            }
            run.append(block)
        }
        return .success(run)
    }
}

extension Preparer {
    /// Prepares the answer to a range request.
    public func prepare(range: HeightRange, payload: [UInt8]) -> Result<[PreparedBlock], MalformedRange> {
        do throws(MalformedRange) {
            let answer = try RangeAnswer(to: range, payload: payload)
            return answer.run(of: prepare(blocks: answer.blocks))
        } catch {
            return .failure(error)
        }
    }
}
