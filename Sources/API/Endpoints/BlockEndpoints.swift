internal import ChainService
internal import Ledger
internal import NIOHTTP1
internal import Node
internal import Primitives
internal import Storage

/// `block/{hash}`, `block/height/{height}`, `block/latest`.
enum BlockEndpoints {
    static func routes(_ context: APIContext) -> [Route] {
        let chain = context.node.chain
        return [
            Route(.GET, "/api/v1/block/latest") { _ in
                try block(chain) { snapshot in try snapshot.head()?.height }
            },
            Route(.GET, "/api/v1/block/height/{height}") { request in
                let height = try PathParameter.height(request.parameters[0])
                return try block(chain) { _ in height }
            },
            Route(.GET, "/api/v1/block/{hash}") { request in
                let hash = try PathParameter.hash(request.parameters[0])
                return try block(chain) { snapshot in try hash.flatMap { try snapshot.height(ofBlock: $0) } }
            },
        ]
    }

    private static func block(_ chain: ChainReader, height: (borrowing ReadSnapshot) throws -> UInt64?) throws -> APIResponse {
        let json = try chain.read { snapshot in
            try height(snapshot).flatMap { try snapshot.block(atHeight: $0) }
        }
        guard let json else { throw APIError(.notFound, "block not found") }
        return try response(json)
    }

    /// The stored JSON, and the flat fields beside it. Where it says `null` for the transactions this says `[]`: the clients count
    /// them without looking whether they are there.
    static func response(_ json: [UInt8]) throws -> APIResponse {
        let (header, hash) = try HeaderPeek.read(json)
        let transactions = try StoredBlock.transactions(of: json)
        var shown = json
        if let null = transactions.null { shown.replaceSubrange(null, with: Array("[]".utf8)) }
        return APIResponse.success(capacity: shown.count + 640) { json in
            json.object(extending: shown) { json in
                json.member("hash") { $0.hash(hash) }
                json.member("height", header.height)
                json.member("timestamp", header.timestamp)
                json.member("previous_hash") { $0.hex(header.previousHash) }
                json.member("producer", header.producer)
                json.member("transaction_root") { $0.hex(header.merkleRoot) }
                json.member("state_root") { $0.hex(header.stateRoot) }
                json.member("transaction_count", transactions.each.count)
            }
        }
    }
}

/// Looks into the canonical JSON of a block without decoding it.
enum StoredBlock {
    /// Where the transactions stand in `json`, and the `null` that stands there instead. One pass, about 1 GB/s.
    ///
    /// - Throws: `JSONError` when it is no block's JSON.
    static func transactions(of json: [UInt8]) throws -> (each: [Range<Int>], null: Range<Int>?) {
        try json.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes, maxDepth: Limits.maxJSONDepth)
            var ranges: [Range<Int>] = []
            var null: Range<Int>?
            try reader.beginObject()
            while let key = try reader.nextKey() {
                guard key.equals("transactions"), try reader.peek() == .array else {
                    let range = try reader.skipValue()
                    if key.equals("transactions") { null = range }
                    continue
                }
                try reader.beginArray()
                while try reader.nextElement() { ranges.append(try reader.skipValue()) }
            }
            return (ranges, null)
        }
    }
}
