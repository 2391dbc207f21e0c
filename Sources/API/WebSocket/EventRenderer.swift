internal import Ledger
internal import NIOCore
internal import Primitives

/// Events as the text that clients get (`api.md`, "Event data"), in the key order of the Go node.
enum EventRenderer {
    /// The frame of `{"type":…,"data":{…},"timestamp":…}`.
    private static func event(
        _ type: StaticString, at timestamp: Int64, capacity: Int = 360, _ data: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var json = JSONWriter(capacity: capacity)
        json.raw("{\"type\":\"")
        json.raw(type)
        json.raw("\",\"data\":{")
        data(&json)
        json.raw("},\"timestamp\":")
        json.integer(timestamp)
        json.raw("}")
        return json.bytes
    }

    static func newBlock(_ block: PreparedBlock) -> [UInt8] {
        let header = block.block.header ?? BlockHeader()
        return event("new_block", at: header.timestamp) { json in
            json.raw("\"height\":")
            json.integer(header.height)
            json.raw(",\"hash\":")
            json.hex(block.hash)
            json.raw(",\"timestamp\":")
            json.integer(header.timestamp)
            json.raw(",\"transaction_count\":")
            json.integer(block.transactions.count)
            json.raw(",\"producer\":")
            json.string(header.producer)
            json.raw(",\"previous_hash\":\"0x")
            json.raw(Array(Hex.encode(header.previousHash ?? [])))
            json.raw("\"")
        }
    }

    static func newTransaction(_ transaction: PreparedTransaction, status: StaticString) -> [UInt8] {
        let content = transaction.transaction
        return event("new_transaction", at: content.timestamp) { json in
            json.raw("\"hash\":")
            json.hex(transaction.hash)
            json.raw(",\"from\":")
            json.string(content.from)
            json.raw(",\"timestamp\":")
            json.integer(content.timestamp)
            json.raw(",\"status\":\"")
            json.raw(status)
            json.raw("\",\"nonce\":")
            json.integer(content.nonce)
        }
    }

    static func chainUpdate(height: UInt64, hash: Hash32, timestamp: Int64, authorities: [ByteString]) -> [UInt8] {
        event("chain_update", at: timestamp, capacity: 200 + 48 * authorities.count) { json in
            json.raw("\"height\":")
            json.integer(height)
            json.raw(",\"current_hash\":")
            json.hex(hash)
            json.raw(",\"authorities\":[")
            for (index, authority) in authorities.enumerated() {
                if index > 0 { json.raw(",") }
                json.string(authority)
            }
            json.raw("]")
        }
    }

    /// - Parameter recent: the newest first.
    static func mempoolUpdate(count: Int, recent: [Hash32], now: Int64) -> [UInt8] {
        event("mempool_update", at: now, capacity: 120 + 72 * recent.count) { json in
            json.raw("\"count\":")
            json.integer(count)
            json.raw(",\"recent_hashes\":[")
            for (index, hash) in recent.enumerated() {
                if index > 0 { json.raw(",") }
                json.hex(hash)
            }
            json.raw("]")
        }
    }
}

extension JSONWriter {
    /// `"0x…"`.
    fileprivate mutating func hex(_ hash: Hash32) {
        raw("\"")
        raw(Array(hash.prefixedHex.utf8))
        raw("\"")
    }
}
