internal import ChainService
internal import Ledger
internal import NIOHTTP1
internal import Node
internal import Primitives

/// `mempool`.
enum MempoolEndpoints {
    /// Transactions that are listed: those of a full block. `count` counts all.
    static let maxListed = 1000
    /// Bytes of their JSON, 4 MiB, by the reckoning of `StateEndpoints.maxValueBytes`.
    static let maxBytes = 4 * 1024 * 1024

    static func routes(_ context: APIContext) -> [Route] {
        let node = context.node
        return [Route(.GET, "/api/v1/mempool") { _ in list(node.mempool) }]
    }

    private static func list(_ mempool: MempoolView) -> APIResponse {
        let oldest = mempool.oldest(maxListed)
        let count = max(mempool.count, oldest.count)
        return APIResponse.object(capacity: 64 + 600 * oldest.count) { json in
            json.member("count", count)
            // The name under which the explorer's page reads it.
            json.member("transaction_count", count)
            json.member("transactions") { json in
                json.array { json in
                    let start = json.bytes.count
                    for transaction in oldest {
                        guard json.bytes.count == start || json.bytes.count - start + transaction.size <= maxBytes else { break }
                        json.separate()
                        json.transaction(transaction.transaction.json, hash: transaction.hash, block: nil)
                    }
                }
            }
        }
    }
}
