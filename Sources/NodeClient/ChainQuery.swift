package import Ledger
package import Primitives
internal import Terminal

/// Questions about the chain to a node's API. What is answered is decoded by the ledger and its hash computed here, so a node cannot
/// give one thing for another.
package struct ChainQuery: Sendable {
    let client: APIClient

    package init(client: APIClient) {
        self.client = client
    }

    /// A transaction and where it is.
    package struct FoundTransaction: Sendable {
        package var transaction: PreparedTransaction
        package var place: APIAnswer.TransactionPlace
    }

    package func value(of key: ByteString) async throws -> [UInt8] {
        let path = "/state/\(AdminClient.encoded(key.bytes))"
        let data: JSONValue
        do throws(APIFailure) {
            data = try await client.dataJSON(path).value
        } catch {
            throw error.isUnknown ? CommandFailure(.noInput, "the state has no key \(ShownBytes.text(key.bytes))") : error
        }
        // An empty value is null, as on the Go node.
        if data["value"].isNull { return [] }
        guard let text = data["value"].text, let value = try? Array(text.utf8).withUnsafeBytes({ try Base64.decodeStrict($0) }) else {
            throw bad(path, "a value that is no base64")
        }
        return value
    }

    // MARK: Blocks

    package func block(_ name: BlockName) async throws -> PreparedBlock {
        switch name {
        case .latest:
            do throws(APIFailure) {
                return try await fetchBlock("/block/latest")
            } catch .refused {
                // On the Go node another route stands in its way.
                return try await block(.height(try await client.chainInfo().height))
            }
        case .height(let height):
            let path = "/block/height/\(height)"
            let block = try await known { () async throws(APIFailure) -> PreparedBlock in
                try await fetchBlock(path)
            } or: {
                let newest = try? await client.chainInfo().height
                return "the chain has no block of height \(height)" + (newest.map { ": its newest has \($0)" } ?? "")
            }
            guard block.block.header?.height == height else { throw bad(path, "a block of another height") }
            return block
        case .hash(let hash):
            let path = "/block/\(hash.prefixedHex)"
            let block = try await known { () async throws(APIFailure) -> PreparedBlock in
                try await fetchBlock(path)
            } or: {
                "the chain has no block of this hash"
            }
            guard block.hash == hash else { throw bad(path, "a block of another hash, \(block.hash.prefixedHex)") }
            return block
        }
    }

    private func fetchBlock(_ path: String) async throws(APIFailure) -> PreparedBlock {
        let json = try await client.dataJSON(path).json
        let block: PreparedBlock
        do throws(DecodingError) { block = try PreparedBlock(unverified: json) } catch { throw bad(path, "no block: \(error)") }
        guard block.block.header != nil else { throw bad(path, "a block without a header") }
        return block
    }

    // MARK: Transactions

    package func transaction(_ hash: Hash32) async throws -> FoundTransaction {
        let path = "/transaction/\(hash.prefixedHex)"
        let (data, json) = try await known { () async throws(APIFailure) -> (value: JSONValue, json: [UInt8]) in
            try await client.dataJSON(path)
        } or: {
            "the node knows no transaction of this hash, neither in a block nor waiting for one"
        }
        let transaction: PreparedTransaction
        do throws(DecodingError) {
            transaction = PreparedTransaction(unverified: try Transaction(decoding: json))
        } catch {
            throw bad(path, "no transaction: \(error)")
        }
        // An old block may hold one under an id that is not its hash.
        guard transaction.hash == hash || transaction.transaction.id == hash.bytes else {
            throw bad(path, "a transaction of another hash, \(transaction.hash.prefixedHex)")
        }
        return FoundTransaction(transaction: transaction, place: APIAnswer.TransactionPlace(found: data))
    }

    // MARK: Tokens

    package func account(_ address: Address) async throws -> (account: APIAnswer.Account, balance: Amount) {
        let path = "/account/\(address.checksummed.text)"
        let data = try await client.dataJSON(path).value
        guard let text = data["balance"].text, let balance = Amount(decimal: ByteString(text)) else { throw bad(path, "no balance") }
        return (APIAnswer.Account(nonce: data["nonce"].uint, balance: text), balance)
    }

    /// `nil` where the node knows none.
    package func token() async throws -> APIAnswer.TokenInfo? {
        do throws(APIFailure) {
            return try await client.tokenInfo()
        } catch {
            if error.isUnknown { return nil }
            throw error
        }
    }

    /// The token, when one of these moves some.
    package func token(for transactions: [PreparedTransaction?]) async -> APIAnswer.TokenInfo? {
        let moves = transactions.contains { transaction in
            (transaction?.transaction.data?.operations ?? []).contains { $0?.type == .transfer || $0?.type == .mint }
        }
        return moves ? try? await token() : nil
    }

    // MARK: Failures

    /// What `ask` gets; what the node does not know is said in words of ours, with a code of its own.
    private func known<Value>(
        _ ask: () async throws(APIFailure) -> Value, or missing: () async -> String
    ) async throws -> Value {
        do throws(APIFailure) {
            return try await ask()
        } catch {
            if error.isUnknown { throw CommandFailure(.noInput, await missing()) }
            throw error
        }
    }

    private func bad(_ path: String, _ reason: String) -> APIFailure {
        .badAnswer(client.address, path: "/api/v1" + path, StatusText.printable(reason))
    }
}

extension APIFailure {
    /// Whether a node says that there is no such thing.
    fileprivate var isUnknown: Bool {
        if case .refused(status: 404, _) = self { return true }
        return false
    }
}
