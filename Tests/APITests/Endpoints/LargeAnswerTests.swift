import ChainService
import Foundation
import Ledger
import Primitives
import Testing

@testable import API

/// The 4 MiB that one answer holds at most.
@Suite struct LargeAnswerTests {
    private static let valueBytes = 1_000_000
    private static let keys = (0..<5).map { "large:\($0)" }

    /// A chain with five values that are more than 4 MiB together.
    private static func chain() throws -> TestChain {
        let value = ByteString([UInt8](repeating: UInt8(ascii: "x"), count: valueBytes))
        return try TestChain(state: Dictionary(uniqueKeysWithValues: keys.map { (ByteString($0), value) }))
    }

    private static func names(_ keys: some Sequence<String>) -> String { keys.map { "\"\($0)\"" }.joined(separator: ",") }

    @Test func aBatchOfMoreIsRefusedAndSaysWhatToDo() async throws {
        let chain = try Self.chain()
        try await withAPINode(configure: { chain.configure(&$0, produces: false) }, Self.expectBatches)
    }

    private static let expectBatches: @Sendable (APINode) async throws -> Void = { api in
        let all = try await api.post("/api/v1/state/batch", json: "{\"keys\":[\(names(keys))]}")
        #expect(all.status == 400)
        #expect(try all.error.contains("more than 4194304 bytes together: ask for fewer keys"))
        let four = try await api.post("/api/v1/state/batch", json: "{\"keys\":[\(names(keys.prefix(4)))]}").payload
        #expect(four.keys == Set(keys.prefix(4)))
        #expect(four[keys[3]]?.string.flatMap { Data(base64Encoded: $0) }?.count == valueBytes)
    }

    @Test func aPageOfAPrefixEndsBeforeIt() async throws {
        let chain = try Self.chain()
        try await withAPINode(configure: { chain.configure(&$0, produces: false) }, Self.expectPages)
    }

    private static let expectPages: @Sendable (APINode) async throws -> Void = { api in
        let first = try await api.post("/api/v1/state/query/prefix", json: #"{"prefix":"large:"}"#).payload
        #expect(first["count"]?.int == 4)
        #expect(first["results"]?.keys == Set(keys.prefix(4)))
        #expect(first["next"]?.string == keys[3])
        let second = try await api.post("/api/v1/state/query/prefix", json: "{\"prefix\":\"large:\",\"after\":\"\(keys[3])\"}").payload
        #expect(second["results"]?.keys == [keys[4]])
        #expect(second["next"] == nil)
    }

    @Test func theMempoolListsWhatFitsAndCountsAll() async throws {
        let chain = try TestChain()
        try await withAPINode(configure: { chain.configure(&$0, produces: false) }, Self.expectListing(chain))
    }

    private static func expectListing(_ chain: TestChain) -> (APINode) async throws -> Void {
        { api in
            // About a million bytes of JSON each.
            let value = [UInt8](repeating: 7, count: 775_000)
            for nonce in 1...5 {
                let answer = try await api.send(
                    "POST", "/api/v1/transaction", body: chain.transaction(nonce: UInt64(nonce), value: value).transaction.json)
                #expect(answer.status == 200, "\(answer.text)")
            }
            let answer = try await api.get("/api/v1/mempool")
            #expect(answer.body.count < 4 * 1024 * 1024 + 1024)
            let mempool = try answer.payload
            #expect(mempool["count"]?.int == 5)
            #expect(mempool["transactions"]?.array?.map { $0["nonce"]?.int } == [1, 2, 3, 4])
        }
    }
}
