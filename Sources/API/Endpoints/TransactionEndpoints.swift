internal import ChainService
internal import Ledger
internal import NIOHTTP1
internal import Node
internal import Primitives
internal import Storage

/// `transaction/{hash}` and the submission of one.
enum TransactionEndpoints {
    static func routes(_ context: APIContext) -> [Route] {
        let node = context.node
        // Made once: a configuration has a hundred fields, each of them counted when it is copied.
        let reply = SubmissionReply(genesis: node.chain.genesis, configuration: context.configuration)
        return [
            Route(.GET, "/api/v1/transaction/{hash}") { request in
                guard let hash = try PathParameter.hash(request.parameters[0]), let response = try find(hash, node) else {
                    throw APIError(.notFound, "transaction not found")
                }
                return response
            },
            Route(.POST, "/api/v1/transaction") { request in try await submit(request.body, to: node, reply) },
        ]
    }

    // MARK: Reading

    /// By hash or by the id that it claims, in a block or in the mempool.
    private static func find(_ id: Hash32, _ node: Node) throws -> APIResponse? {
        if let found = try confirmed(id, node.chain) { return found }
        if let pending = node.mempool.transaction(id) {
            let json = pending.transaction.json
            return APIResponse.success(capacity: json.count + 192) { $0.transaction(json, hash: pending.hash, block: nil) }
        }
        // It may have left the mempool for a block between the two looks.
        return try confirmed(id, node.chain)
    }

    private static func confirmed(_ id: Hash32, _ chain: ChainReader) throws -> APIResponse? {
        let found = try chain.read { snapshot -> (block: [UInt8], height: UInt64, index: Int)? in
            guard let place = try snapshot.transactionLocation(id: id), let block = try snapshot.block(atHeight: place.height) else {
                return nil
            }
            return (block, place.height, place.index)
        }
        guard let found else { return nil }
        let ranges = try StoredBlock.transactions(of: found.block).each
        guard ranges.indices.contains(found.index) else { return nil }
        let json = Array(found.block[ranges[found.index]])
        let hash = try Transaction(decoding: json).hash
        let block = (height: found.height, hash: try HeaderPeek.read(found.block).hash)
        return APIResponse.success(capacity: json.count + 320) { $0.transaction(json, hash: hash, block: block) }
    }

    // MARK: Submitting

    private static func submit(_ body: [UInt8], to node: Node, _ reply: SubmissionReply) async throws -> APIResponse {
        let (transaction, json) = PreparedTransaction.encode(try TransactionForm.transaction(of: body))
        switch await node.submit(transaction, json: json) {
        case .admitted(let hash): return reply.accepted(hash)
        case .known(let hash): throw reply.known(hash, isPending: node.mempool.transaction(hash) != nil)
        case .refused(let rejection): throw reply.refused(rejection, size: json.count)
        case .malformed(let reason): throw APIError(.badRequest, "invalid transaction: \(reason)")
        case .busy: throw reply.busy
        case .stopped: throw NodeStopped()
        }
    }
}

extension JSONWriter {
    /// A transaction: its canonical JSON, and the flat fields beside it.
    ///
    /// - Parameter block: where it is confirmed; `nil` while it is pending.
    mutating func transaction(_ json: [UInt8], hash: Hash32, block: (height: UInt64, hash: Hash32)?) {
        object(extending: json) { json in
            json.member("hash") { $0.hash(hash) }
            json.member("status", block == nil ? "pending" : "confirmed")
            json.member("block_height", block?.height)
            json.member("block_hash") { if let block { $0.hash(block.hash) } else { $0.null() } }
        }
    }
}
