import Foundation
import Ledger
import TestKit
import Testing

@testable import API

/// What the published SDK and the web explorer read of each answer, and what they take it for. Both send
/// `Content-Type: application/json` on every request, and neither looks whether a field is there.
@Suite struct ClientFieldTests {
    enum Kind: Sendable {
        case number, text, flag, list, map
        /// Text of an amount in the smallest unit, which they hand to `BigInt`.
        case amount
        /// Text of `0x` and 64 digits.
        case hash
        /// Text of base64.
        case bytes

        func takes(_ value: JSON?) -> Bool {
            switch (self, value) {
            case (.number, .number), (.text, .string), (.flag, .bool), (.list, .array), (.map, .object): true
            case (.amount, .string(let text)): text.wholeMatch(of: /[0-9]+/) != nil
            case (.hash, .string(let text)): text.wholeMatch(of: /0x[0-9a-f]{64}/) != nil
            case (.bytes, .string(let text)): Data(base64Encoded: text) != nil
            default: false
            }
        }
    }

    struct Reading: Sendable, CustomTestStringConvertible {
        let path: String
        /// The body of a POST.
        var body: String?
        let fields: [String: Kind]

        var testDescription: String { path }
    }

    private static let block: [String: Kind] = ["header": .map, "transactions": .list, "signature": .bytes]
    private static let transaction: [String: Kind] = [
        "id": .bytes, "from": .text, "timestamp": .number, "data": .map, "signature": .bytes, "nonce": .number,
    ]

    static let readings = [
        Reading(
            path: "/api/v1/chain/info",
            fields: ["height": .number, "current_hash": .hash, "genesis_hash": .hash, "authorities": .list]),
        Reading(path: "/api/v1/block/latest", fields: block),
        Reading(path: "/api/v1/block/height/5", fields: block),
        Reading(path: "/api/v1/block/0x6f70a6032c290275f5de3d2efb6adcdb95ff8ea569ed8449c69bd96ede26e01e", fields: block),
        Reading(
            path: "/api/v1/transaction/0x722be5062142df8090362d9f19c835a98e61bbc62addd5608ef1682e90f32445", fields: transaction),
        Reading(path: "/api/v1/state/chain:name", fields: ["key": .text, "value": .bytes]),
        Reading(path: "/api/v1/state/batch", body: #"{"keys":["chain:name"]}"#, fields: ["chain:name": .bytes]),
        Reading(
            path: "/api/v1/state/query/prefix", body: #"{"prefix":"chain:","limit":100}"#,
            fields: ["prefix": .text, "count": .number, "results": .map]),
        Reading(path: "/api/v1/node/info", fields: ["version": .text, "node_type": .text, "address": .text, "p2p_address": .text]),
        Reading(path: "/api/v1/node/health", fields: ["status": .text]),
        Reading(path: "/api/v1/mempool", fields: ["count": .number, "transaction_count": .number, "transactions": .list]),
        Reading(
            path: "/api/v1/balance/0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836",
            fields: ["address": .text, "balance": .amount, "balance_formatted": .text]),
        Reading(
            path: "/api/v1/token/info", fields: ["name": .text, "symbol": .text, "decimals": .number, "total_supply": .amount]),
        Reading(path: "/api/v1/gas/config", fields: ["enabled": .flag, "base_fee": .amount, "per_byte_fee": .amount]),
        Reading(
            path: "/api/v1/gas/estimate", body: #"{"transaction_size":500}"#,
            fields: [
                "transaction_size": .number, "base_fee": .amount, "per_byte_fee": .amount, "size_fee": .amount, "total_fee": .amount,
                "total_fee_formatted": .text,
            ]),
    ]

    private static func answer(_ reading: Reading, _ api: APINode) async throws -> JSON {
        guard let body = reading.body else {
            return try await api.get(reading.path, headers: ["Content-Type": "application/json"]).payload
        }
        return try await api.post(reading.path, json: body).payload
    }

    @Test func everyFieldIsThereAndOfItsKind() async throws {
        try await withAPINode(chain: true) { api in
            for reading in Self.readings {
                let data = try await Self.answer(reading, api)
                for (name, kind) in reading.fields { #expect(kind.takes(data[name]), "\(reading.path): \(name) is no \(kind)") }
            }
        }
    }

    /// The explorer's page of blocks takes `transactions.length` of the last twenty, among them blocks that have `null`.
    @Test func everyBlockHasAListOfTransactions() async throws {
        let header: [String: Kind] = [
            "version": .number, "height": .number, "previous_hash": .bytes, "timestamp": .number, "merkle_root": .bytes,
            "state_root": .bytes, "producer_addr": .text, "nonce": .number,
        ]
        let stored = try Vectors.gzipLines("chain-130.jsonl.gz").map { try JSON($0) }
        #expect(stored.contains { $0["transactions"] == .null })
        try await withAPINode(chain: true) { api in
            for height in stored.indices {
                let block = try await api.get("/api/v1/block/height/\(height)").payload
                let transactions = block["transactions"]?.array
                #expect(transactions != nil && transactions?.count == block["transaction_count"]?.int, "height \(height)")
                #expect(transactions == stored[height]["transactions"]?.array ?? [])
                for (name, kind) in header { #expect(kind.takes(block["header"]?[name]), "height \(height): \(name)") }
            }
        }
    }

    @Test func thePendingTransactionsAreCountedUnderBothNames() async throws {
        let chain = try TestChain()
        try await withAPINode(configure: { chain.configure(&$0, produces: false) }, Self.expectCounts(chain))
    }

    private static func expectCounts(_ chain: TestChain) -> (APINode) async throws -> Void {
        { api in
            for nonce in 1...3 {
                let body = String(decoding: chain.transaction(nonce: UInt64(nonce)).transaction.json, as: UTF8.self)
                #expect(try await api.post("/api/v1/transaction", json: body).status == 200)
            }
            let mempool = try await api.get("/api/v1/mempool").payload
            #expect(mempool["count"]?.int == 3)
            #expect(mempool["transaction_count"]?.int == 3)
            for pending in mempool["transactions"]?.array ?? [] {
                for (name, kind) in transaction { #expect(kind.takes(pending[name]), "\(name) is no \(kind)") }
                #expect(pending["data"]?["operations"]?[0]?["key"]?.string == "greeting")
            }
        }
    }
}
