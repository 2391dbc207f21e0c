internal import Ledger
package import Primitives

/// The calls of a node's API that the commands make, as small values (`api.md`). Fields that are not known are skipped, so it
/// reads the published Go node too, as far as that has the field.
package struct APIClient: Sendable {
    /// Bytes of the mempool's answer that are looked at: the count comes first, and the transactions after it may be many.
    private static let mempoolBytes = 4096

    let http: HTTPClient

    package init(_ address: APIAddress, timeout: Duration = HTTPClient.standardTimeout) {
        http = HTTPClient(address: address, timeout: timeout)
    }

    package var address: APIAddress { http.address }

    package func nodeInfo() async throws(APIFailure) -> APIAnswer.NodeInfo {
        APIAnswer.NodeInfo(try await data("/node/info"))
    }

    package func peers() async throws(APIFailure) -> [APIAnswer.Peer] {
        let data = try await data("/node/peers")
        // A bare array to the SDK and from the Go node, an object to scripts.
        return (data.array ?? data["peers"].array ?? []).compactMap { APIAnswer.Peer($0) }
    }

    package func chainInfo() async throws(APIFailure) -> APIAnswer.ChainInfo {
        let path = "/chain/info"
        return try understood(APIAnswer.ChainInfo(try await data(path)), path)
    }

    package func block(height: UInt64) async throws(APIFailure) -> APIAnswer.Block {
        let path = "/block/height/\(height)"
        let block = try understood(APIAnswer.Block(try await data(path)), path)
        guard block.height == height else { throw bad(path, "a block of another height, \(block.height)") }
        return block
    }

    /// How many transactions wait for a block.
    package func mempool() async throws(APIFailure) -> UInt64 {
        let path = "/mempool"
        let reply = try await http.request(.get, "/api/v1" + path, maxBytes: APIClient.mempoolBytes, takesBeginning: true)
        if reply.body.count <= APIClient.mempoolBytes || reply.status >= 300 {
            return try understood(try success(reply, path)["count"].uint, path)
        }
        return try understood(APIClient.leadingCount(reply.body), path)
    }

    /// The `count` of a `data` whose end may be missing.
    private static func leadingCount(_ body: [UInt8]) -> UInt64? {
        body.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            do throws(JSONError) {
                try reader.beginObject()
                while let key = try reader.nextKey() {
                    if key.equals("count") { return try reader.readUInt64() }
                    if key.equals("data") { try reader.beginObject() } else { _ = try reader.skipValue() }
                }
            } catch {
                // Cut before it came.
            }
            return nil
        }
    }

    package func health() async throws(APIFailure) -> APIAnswer.Health {
        let path = "/node/health"
        // An unhealthy node says so with a status of 503 and the same body.
        let reply = try await http.request(.get, "/api/v1" + path)
        let data = try envelope(reply, path)["data"]
        guard let health = APIAnswer.Health(data) else {
            // The node's own words for why it does not say.
            _ = try success(reply, path)
            throw bad(path, "a field that every node sends is missing")
        }
        return health
    }

    package func account(_ address: Address) async throws(APIFailure) -> APIAnswer.Account {
        let path = "/account/\(address.checksummed.text)"
        let data = try await data(path)
        return APIAnswer.Account(nonce: try understood(data["nonce"].uint, path), balance: data["balance"].text)
    }

    package func gasConfig() async throws(APIFailure) -> APIAnswer.GasConfig {
        let data = try await data("/gas/config")
        return APIAnswer.GasConfig(
            isEnabled: data["enabled"].bool ?? false, baseFee: data["base_fee"].text ?? "0", perByteFee: data["per_byte_fee"].text ?? "0")
    }

    package func tokenInfo() async throws(APIFailure) -> APIAnswer.TokenInfo {
        let path = "/token/info"
        let data = try await data(path)
        let decimals = try understood(data["decimals"].uint, path)
        return APIAnswer.TokenInfo(symbol: data["symbol"].shortText ?? "", decimals: Int(clamping: decimals))
    }

    /// Hands a signed transaction to the node; its hash as the node says it.
    ///
    /// - Throws: `refused` with the node's reason.
    package func submit(_ transaction: [UInt8]) async throws(APIFailure) -> String {
        let path = "/transaction"
        let body = JSONWriter.object(capacity: transaction.count + 32) { json in json.member("transaction") { $0.raw(transaction) } }
        let reply = try await http.request(.post, "/api/v1" + path, body: body)
        return try understood(try success(reply, path)["transaction_hash"].text, path)
    }

    /// Where a transaction is now.
    package func transaction(_ hash: Hash32) async throws(APIFailure) -> APIAnswer.TransactionPlace {
        let path = "/transaction/\(hash.prefixedHex)"
        do throws(APIFailure) {
            return APIAnswer.TransactionPlace(found: try await data(path))
        } catch .refused(status: 404, _) {
            return .unknown
        }
    }

    // MARK: Envelopes

    private func data(_ path: String) async throws(APIFailure) -> JSONValue {
        try success(try await http.request(.get, "/api/v1" + path), path)
    }

    /// The same, with the JSON of the data as the node sent it.
    func dataJSON(_ path: String) async throws(APIFailure) -> (value: JSONValue, json: [UInt8]) {
        let reply = try await http.request(.get, "/api/v1" + path)
        let value = try success(reply, path)
        return (value, try understood(JSONValue.lastMember("data", of: reply.body), path))
    }

    /// The data of an answer that says it is one.
    private func success(_ reply: HTTPClient.Reply, _ path: String) throws(APIFailure) -> JSONValue {
        // The Go node answers what it does not know with an empty body.
        if reply.body.isEmpty, APIClient.unknownStatuses.contains(reply.status) {
            throw .refused(status: reply.status, "\(path) answers with no reason")
        }
        let envelope = try envelope(reply, path)
        guard envelope["success"].bool == true, reply.status < 300 else {
            guard let message = envelope["error"].shortText else { throw notAnAPI(reply, path, "no \"error\" in it") }
            throw .refused(status: reply.status, message + ForeignAnswer.again(reply.header("Retry-After")))
        }
        return envelope["data"]
    }

    private static let unknownStatuses = [400, 404, 405]

    /// An answer that says whether it is a success.
    private func envelope(_ reply: HTTPClient.Reply, _ path: String) throws(APIFailure) -> JSONValue {
        let envelope: JSONValue
        do throws(JSONValue.Fault) {
            envelope = try JSONValue(reply.body)
        } catch {
            throw notAnAPI(reply, path, error.description)
        }
        guard envelope["success"].bool != nil else { throw notAnAPI(reply, path, "status \(reply.status) and no \"success\"") }
        return envelope
    }

    /// A failure in other words than a node's is not the node's.
    private func notAnAPI(_ reply: HTTPClient.Reply, _ path: String, _ reason: String) -> APIFailure {
        (200..<300).contains(reply.status) ? bad(path, reason) : .foreign(address, ForeignAnswer(reply))
    }

    private func understood<Value>(_ value: Value?, _ path: String) throws(APIFailure) -> Value {
        guard let value else { throw bad(path, "a field that every node sends is missing") }
        return value
    }

    private func bad(_ path: String, _ reason: String) -> APIFailure { .badAnswer(address, path: "/api/v1" + path, reason) }
}
