import Foundation
import Primitives
import TestKit
import Testing

@testable import API

/// Blocks, transactions and state of the reference's chain, over real HTTP.
@Suite struct ChainEndpointTests {
    @Test func aBlockIsItsStoredJSONWithFlatFieldsBesideIt() async throws {
        let lines = try Vectors.gzipLines("chain-130.jsonl.gz")
        try await withAPINode(chain: true) { api in
            let answer = try await api.get("/api/v1/block/height/5")
            #expect(answer.body.starts(with: Array("{\"success\":true,\"data\":".utf8) + lines[5].dropLast()))
            let block = try answer.payload
            #expect(block["hash"]?.string == "0x6f70a6032c290275f5de3d2efb6adcdb95ff8ea569ed8449c69bd96ede26e01e")
            #expect(block["height"]?.int == 5)
            #expect(block["timestamp"] == block["header"]?["timestamp"])
            #expect(block["producer"] == block["header"]?["producer_addr"])
            #expect(block["transaction_count"]?.int == block["transactions"]?.array?.count)
            for (flat, inside) in [("previous_hash", "previous_hash"), ("transaction_root", "merkle_root"), ("state_root", "state_root")] {
                let bytes = Data(base64Encoded: block["header"]?[inside]?.string ?? "") ?? Data()
                #expect(block[flat]?.string == "0x" + bytes.map { String(format: "%02x", $0) }.joined())
            }
        }
    }

    @Test func latestAndChainInfoNameTheHead() async throws {
        try await withAPINode(chain: true) { api in
            let latest = try await api.get("/api/v1/block/latest").payload
            let info = try await api.get("/api/v1/chain/info").payload
            #expect(latest["height"]?.int == 130)
            #expect(info["current_hash"] == latest["hash"])
            #expect(info["latest_block_hash"] == latest["hash"])
            #expect(info["state_root"] == latest["state_root"])
            #expect(info["chain_id"] == info["genesis_hash"])
        }
    }

    @Test func aConfirmedTransactionSaysItsBlock() async throws {
        try await withAPINode(chain: true) { api in
            let block = try await api.get("/api/v1/block/height/5").payload
            let hash = "0x722be5062142df8090362d9f19c835a98e61bbc62addd5608ef1682e90f32445"
            let transaction = try await api.get("/api/v1/transaction/\(hash)").payload
            #expect(transaction["hash"]?.string == hash)
            #expect(transaction["status"]?.string == "confirmed")
            #expect(transaction["block_height"]?.int == 5)
            #expect(transaction["block_hash"] == block["hash"])
        }
    }

    @Test func theNextNonceIsBehindTheHighestUsed() async throws {
        try await withAPINode(chain: true) { api in
            let path = "/api/v1/account/0xFC265D13Dd3C8A6Fa72EF93bED3830c3551cC2ee"
            let before = try await api.get(path).payload["nonce"]?.int
            let fresh = try await api.get("/api/v1/account/0x1212121212121212121212121212121212121212").payload
            #expect(before ?? 0 > 0)
            #expect(fresh["nonce"]?.int == 0)
            #expect(fresh["balance"]?.string == "0")
        }
        #expect(AccountEndpoints.nextNonce(used: 3, pending: nil) == 4)
        #expect(AccountEndpoints.nextNonce(used: 3, pending: 9) == 10)
        #expect(AccountEndpoints.nextNonce(used: 3, pending: .max) == nil)
    }

    // MARK: State

    @Test func onlyTextIsDecoded() async throws {
        try await withAPINode(chain: true) { api in
            #expect(try await api.get("/api/v1/state/chain:name").payload["decoded"]?.string == "Vector Chain")
            #expect(try await api.get("/api/v1/state/empty").payload["decoded"]?.string == "")
            let binary = try await api.get("/api/v1/state/user:4:26").payload
            #expect(binary["value"]?.string?.isEmpty == false)
            #expect(binary["decoded"] == nil)
        }
    }

    @Test(arguments: [1, 7, 164, 1000])
    func pagesOfAPrefixMakeTheWhole(limit: Int) async throws {
        try await withAPINode(chain: true) { api in
            let whole = try await api.post("/api/v1/state/query/prefix", json: #"{"prefix":"user:","limit":-1}"#).payload
            var keys: [String] = []
            var after = ""
            while true {
                let page = try await api.post(
                    "/api/v1/state/query/prefix", json: #"{"prefix":"user:","limit":\#(limit),"after":"\#(after)"}"#
                ).payload
                let found = page["results"]?.keys.sorted() ?? []
                #expect(found.count == page["count"]?.int)
                #expect(found.count <= limit)
                keys += found
                guard let next = page["next"]?.string else { break }
                #expect(next == found.last)
                #expect(keys.count < 164)
                after = next
            }
            #expect(Set(keys) == whole["results"]?.keys)
            #expect(keys.count == 164)
            #expect(whole["next"] == nil)
        }
    }

    @Test func slashesInKeysAreEncoded() async throws {
        try await withAPINode { api in
            let answer = try await api.get("/api/v1/state/no%2Fsuch")
            #expect(answer.status == 404)
            #expect(try answer.error == "key not found")
            #expect(try await api.get("/api/v1/state/batch").error == "key not found")
        }
    }
}
