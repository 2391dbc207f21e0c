import Foundation
import TestKit
import Testing

/// The commands against a real node.
@Suite(.serialized) struct LiveNodeTests {
    private struct Confirmed: Decodable {
        var hash: String
        var status: String
        var height: Int
        var from: String
        var nonce: Int
        var size: Int
        var fee: String
    }

    private struct Seen: Decodable {
        struct Last: Decodable {
            var height: Int
            var producer: String
        }
        var state: String
        var node_type: String
        var height: Int
        var peer_count: Int
        var last_block: Last
        var warnings: [[String: String]]
    }

    private func json<Value: Decodable>(_ result: CommandLineTool.Result) throws -> Value {
        #expect(result.code == 0, "\(result.errors)")
        return try JSONDecoder().decode(Value.self, from: Data(result.output.utf8))
    }

    @Test func theLogAndTheAPINameTheVersionThatTheCommandHas() async throws {
        let chain = try await RunningChain()
        let version = try chain.tool.run("--version").output.line
        #expect(chain.log.contains("podoru \(version) "), "\(chain.log)")
        let info = try chain.tool.run("status", "--json", "--api", chain.url).output
        let words = version.split(separator: " ")
        #expect(info.contains(#""version":"\#(words[0])""#))
        if words.count == 2 { #expect(info.contains(#""commit":"\#(words[1].dropFirst().dropLast())""#), "\(info)") }
        #expect(try await chain.stop() == 0)
    }

    @Test func aProducersStatusAndItsTransactions() async throws {
        let chain = try await RunningChain()
        let tool = chain.tool
        let environment = ["PODORU_API": chain.url, "PODORU_KEY_FILE": "user.key"]

        // A value, sent and found in a block.
        let set: Confirmed = try json(tool.run("tx", "set", "greeting/one", "hello", "--json", environment: environment))
        #expect(set.status == "confirmed" && set.height >= 1)
        #expect(set.from == chain.user)
        #expect(set.nonce == 0)
        #expect(set.fee == "\(1000 + 10 * set.size)")

        // Tokens, by the chain's own decimals; the next nonce by itself.
        let transfer = try tool.run("tx", "transfer", chain.producer, "2.5", environment: environment)
        #expect(transfer.code == 0, "\(transfer.errors)")
        #expect(transfer.output.line.wholeMatch(of: /0x[0-9a-f]{64} confirmed at height [0-9]+/) != nil)
        #expect(transfer.errors.contains("nonce 1,"))

        // Who is no authority mints nothing; who is, does. A used nonce is refused.
        let refused = try tool.run("tx", "mint", chain.user, "1", environment: environment)
        #expect(refused.code == 65 && refused.errors.contains("only authorities can mint"), "\(refused.errors)")
        #expect(try tool.run("tx", "mint", chain.user, "1", "--key-file", "producer.key", environment: environment).code == 0)
        let again = try tool.run("tx", "set", "k", "v", "--nonce", "1", environment: environment)
        #expect(again.code == 65 && again.errors.contains("nonce"), "\(again.errors)")

        // Sent and left alone.
        let delete = try tool.run("tx", "delete", "greeting/one", "--no-wait", environment: environment)
        #expect(delete.output.line.wholeMatch(of: /0x[0-9a-f]{64} pending/) != nil, "\(delete.errors)")

        let seen: Seen = try json(tool.run("status", "--json", environment: environment))
        #expect(seen.node_type == "producer")
        #expect(seen.state == "alone" && seen.peer_count == 0)
        #expect(seen.height >= set.height && seen.last_block.height >= set.height)
        #expect(seen.last_block.producer == chain.producer)
        #expect(seen.warnings.isEmpty, "the only producer needs nobody")
        let screen = try tool.run("status", environment: environment)
        #expect(screen.output.contains("by this node"), "\(screen.output)")

        #expect(try await chain.stop() == 0, "\(chain.log)")
        #expect(try tool.run("status", environment: environment).code == 69)
    }
}
