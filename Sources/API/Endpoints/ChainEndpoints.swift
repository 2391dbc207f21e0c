internal import ChainService
internal import Ledger
internal import NIOHTTP1
internal import Node
internal import Primitives
internal import Storage

/// `chain/info`.
enum ChainEndpoints {
    static func routes(_ context: APIContext) -> [Route] {
        [Route(.GET, "/api/v1/chain/info") { _ in try info(context.node.chain) }]
    }

    /// One read of the head, whatever the chain holds.
    static func info(_ chain: ChainReader) throws -> APIResponse {
        guard let head = try chain.read({ snapshot in try snapshot.head() }) else { throw NodeStopped() }
        return APIResponse.success(capacity: 1024) { writer in
            writer.raw("{\"height\":")
            writer.integer(head.height)
            writer.raw(",\"current_hash\":")
            writer.hash(head.hash)
            writer.raw(",\"latest_block_hash\":")
            writer.hash(head.hash)
            writer.raw(",\"genesis_hash\":")
            writer.hash(chain.genesis.hash)
            writer.raw(",\"chain_id\":")
            writer.string(chain.chainID)
            writer.raw(",\"authorities\":")
            writer.array(chain.genesis.authorities) { writer, authority in writer.string(authority) }
            writer.raw(",\"state_root\":")
            writer.hash(head.stateRoot)
            writer.raw("}")
        }
    }
}
