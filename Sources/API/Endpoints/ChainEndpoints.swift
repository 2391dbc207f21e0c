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
        return APIResponse.object(capacity: 1024) { json in
            json.member("height", head.height)
            json.member("current_hash") { $0.hash(head.hash) }
            json.member("latest_block_hash") { $0.hash(head.hash) }
            json.member("genesis_hash") { $0.hash(chain.genesis.hash) }
            json.member("chain_id", chain.chainID)
            json.member("authorities") { $0.array(chain.genesis.authorities) { $0.string($1) } }
            json.member("state_root") { $0.hash(head.stateRoot) }
        }
    }
}
