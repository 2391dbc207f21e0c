import Foundation
import Ledger
import Mempool
import NIOHTTP1
import Node
import PodoruConfiguration
import Primitives
import TestKit
import Testing

@testable import API

/// Transactions on their way in, from a client that signs them.
@Suite struct SubmissionTests {
    enum Spelling: CaseIterable {
        case base64, hex, numbers

        func json(_ bytes: [UInt8]) -> String {
            switch self {
            case .base64: "\"\(Data(bytes).base64EncodedString())\""
            case .hex: "\"\(Hex.prefixedString(bytes))\""
            case .numbers: "[" + bytes.map { "\($0)" }.joined(separator: ",") + "]"
            }
        }
    }

    /// A transaction as a client may write it.
    private static func form(
        _ transaction: Transaction, _ spelling: Spelling, id: String? = nil, isBare: Bool = false
    ) -> String {
        let operation = transaction.data?.operations?.first ?? nil
        let idField = (id ?? spelling.json(transaction.hash.bytes)).isEmpty ? "" : "\"id\":\(id ?? spelling.json(transaction.hash.bytes)),"
        let form = """
            {\(idField)"from":"\(transaction.from.text)","timestamp":\(transaction.timestamp),"nonce":\(transaction.nonce),"data":{"operations":\
            [{"type":"SET","key":"greeting","value":\(spelling.json(operation?.value ?? []))}]},"signature":\(spelling.json(transaction.signature ?? []))}
            """
        return isBare ? form : "{\"transaction\":\(form)}"
    }

    @Test func everySpellingIsTheSameTransaction() async throws {
        let chain = try TestChain()
        try await withAPINode(configure: { chain.configure(&$0, produces: false) }, Self.submitAll(chain))
    }

    private static func submitAll(_ chain: TestChain) -> (APINode) async throws -> Void {
        { api in
            var nonce: UInt64 = 1
            for spelling in Spelling.allCases {
                for isBare in [false, true] {
                    for id in [nil, "", "null"] {
                        let transaction = chain.transaction(nonce: nonce)
                        let body = form(transaction.transaction, spelling, id: id, isBare: isBare)
                        let answer = try await api.post("/api/v1/transaction", json: body)
                        #expect(answer.status == 200, "\(body): \(answer.text)")
                        let data = try answer.payload
                        #expect(data["hash"]?.string == transaction.hash.prefixedHex)
                        #expect(data["transaction_hash"] == data["hash"])
                        #expect(data["status"]?.string == "submitted")
                        nonce += 1
                    }
                }
            }
            let mempool = try await api.get("/api/v1/mempool").payload
            #expect(mempool["count"]?.int == Int(nonce - 1))
            #expect(mempool["transactions"]?.array?.count == Int(nonce - 1))
            let account = try await api.get("/api/v1/account/\(chain.user.address.checksummed.text)").payload
            #expect(account["nonce"]?.int == Int(nonce))
        }
    }

    @Test func whatIsWrongIsSaid() async throws {
        let chain = try TestChain()
        let good = chain.transaction(nonce: 1).transaction
        let other = chain.transaction(nonce: 2).transaction
        let cases = [
            (Self.form(good, .hex, id: "\"0x00\""), "invalid transaction: the id is not the hash of the transaction"),
            (Self.form(good, .hex).replacingOccurrences(of: "\"nonce\":1", with: "\"nonce\":5"), "signature verification failed"),
            (Self.form(good, .hex).replacingOccurrences(of: "\"nonce\":1", with: "\"nonce\":\"1\""), "invalid request body"),
            (Self.form(good, .hex, id: "\"0xabc\""), "invalid request body"),
            (Self.form(good, .hex, id: "[256]"), "invalid request body"),
            (#"{"transaction":{"data":{"operations":[null]},"from":"\#(other.from.text)"}}"#, "invalid transaction: operation 0 is null"),
        ]
        let check: (APINode) async throws -> Void = { api in
            for (body, wanted) in cases {
                let answer = try await api.post("/api/v1/transaction", json: body)
                #expect(answer.status == 400, "\(body)")
                let error = try answer.error
                #expect(error.contains(wanted), "\(body): \(error)")
            }
            _ = try await api.post("/api/v1/transaction", json: Self.form(good, .hex)).payload
            let again = try await api.post("/api/v1/transaction", json: Self.form(good, .base64))
            #expect(again.status == 400)
            #expect(try again.error == "failed to add to mempool: transaction already in mempool")
        }
        try await withAPINode(configure: { chain.configure(&$0, produces: false) }, check)
    }

    @Test func aTransactionIsPendingAndThenConfirmed() async throws {
        let chain = try TestChain()
        let transaction = chain.transaction(nonce: 1)
        let path = "/api/v1/transaction/\(transaction.hash.prefixedHex)"
        let check: (APINode) async throws -> Void = { api in
            #expect(try await api.get(path).status == 404)
            _ = try await api.post("/api/v1/transaction", json: Self.form(transaction.transaction, .numbers)).payload
            var statuses: Set<String> = []
            try await eventually("it is confirmed") {
                let answer = try await api.get(path)
                // Between the mempool and the disk it may be in neither for a moment.
                guard answer.status == 200 else { return false }
                let data = try answer.payload
                statuses.insert(data["status"]?.string ?? "")
                return data["block_height"]?.int != nil
            }
            #expect(statuses.contains("confirmed"))
            let known = try await api.post("/api/v1/transaction", json: Self.form(transaction.transaction, .numbers))
            #expect(try known.error == "transaction \(transaction.hash.prefixedHex) is already in a block")
        }
        try await withAPINode(configure: { chain.configure(&$0, produces: true) }, check)
    }

    @Test func aFullMempoolIsNotTheClientsFault() throws {
        let genesis = try Genesis(decoding: Array(Vectors.data("genesis.json")))
        let reply = SubmissionReply(genesis: genesis, configuration: NodeConfiguration())
        #expect(reply.refused(.full, size: 100).status == .serviceUnavailable)
        #expect(reply.refused(.full, size: 100).headers["Retry-After"] == ["5"])
        #expect(reply.busy.status == .serviceUnavailable)
        #expect(reply.busy.headers["Retry-After"] == ["1"])
        #expect(reply.refused(.senderLimit(100), size: 100).status == .serviceUnavailable)
        #expect(reply.refused(.senderLimit(100), size: 100).headers["Retry-After"] == ["5"])
        #expect(reply.refused(.noncePending(1), size: 100).status == .badRequest)
        let cannotPay = reply.refused(.ledger(.cannotPay(balance: Amount(5), needed: Amount(2500))), size: 100)
        #expect(cannotPay.message == "insufficient balance for transfer: have 5, need 2500 (transfer: 500, gas: 2000)")
    }

    @Test(arguments: ["/api/v1/transaction", "/api/v1/state/batch", "/api/v1/state/query/prefix", "/api/v1/gas/estimate"])
    func hostileBodiesAreRefused(path: String) async throws {
        let bodies: [[UInt8]] = [
            [], Array("{".utf8), Array("[]".utf8), Array("1e999999".utf8), [0xFF, 0xFE], Array("\"\\ud800\"".utf8),
            Array(String(repeating: "[", count: 100_000).utf8), Array(String(repeating: "{\"a\":", count: 100_000).utf8),
            Array("{\"keys\":[1e400],\"prefix\":{},\"transaction_size\":99999999999999999999,\"transaction\":[]}".utf8),
        ]
        try await withAPINode { api in
            for body in bodies {
                let answer = try await api.send("POST", path, headers: ["Content-Type": "application/json"], body: body)
                #expect(answer.status == 400, "\(String(decoding: body.prefix(80), as: UTF8.self))")
                #expect(try answer.error == "invalid request body")
            }
            #expect(try await api.get("/api/v1/chain/info").status == 200)
        }
    }
}
