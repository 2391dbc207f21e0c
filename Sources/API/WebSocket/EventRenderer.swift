internal import Ledger
internal import NIOCore
internal import Primitives

/// Events as the text that clients get (`api.md`, "The event stream"), in the key order of the Go node.
enum EventRenderer {
    /// The frame of `{"type":…,"data":{…},"timestamp":…}`.
    private static func event(
        _ type: String, at timestamp: Int64, capacity: Int = 360, _ data: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var json = JSONWriter(capacity: capacity)
        json.object { json in
            json.member("type", type)
            json.member("data") { $0.object(data) }
            json.member("timestamp", timestamp)
        }
        return json.bytes
    }

    static func newBlock(_ block: PreparedBlock) -> [UInt8] {
        let header = block.block.header ?? BlockHeader()
        return event("new_block", at: header.timestamp) { json in
            json.member("height", header.height)
            json.member("hash") { $0.hash(block.hash) }
            json.member("timestamp", header.timestamp)
            json.member("transaction_count", block.transactions.count)
            json.member("producer", header.producer)
            json.member("previous_hash") { $0.hex(header.previousHash) }
        }
    }

    static func newTransaction(_ transaction: PreparedTransaction, status: String) -> [UInt8] {
        let content = transaction.transaction
        return event("new_transaction", at: content.timestamp) { json in
            json.member("hash") { $0.hash(transaction.hash) }
            json.member("from", content.from)
            json.member("timestamp", content.timestamp)
            json.member("status", status)
            json.member("nonce", content.nonce)
        }
    }

    /// - Parameter undone: the blocks that are no longer on the chain, the newest first; without any, the Go node's text.
    static func chainUpdate(
        height: UInt64, hash: Hash32, timestamp: Int64, authorities: [ByteString], undone: [Hash32]
    ) -> [UInt8] {
        event("chain_update", at: timestamp, capacity: 200 + 48 * authorities.count + 72 * undone.count) { json in
            json.member("height", height)
            json.member("current_hash") { $0.hash(hash) }
            json.member("authorities") { $0.array(authorities) { $0.string($1) } }
            if !undone.isEmpty { json.member("undone") { $0.array(undone) { $0.hash($1) } } }
        }
    }

    /// - Parameter recent: the newest first.
    static func mempoolUpdate(count: Int, recent: [Hash32], now: Int64) -> [UInt8] {
        event("mempool_update", at: now, capacity: 120 + 72 * recent.count) { json in
            json.member("count", count)
            json.member("recent_hashes") { $0.array(recent) { $0.hash($1) } }
        }
    }
}
