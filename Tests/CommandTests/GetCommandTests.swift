import Foundation
import TestKit
import Testing

/// `podoru get` against a real node, and against one that lies.
@Suite struct GetCommandTests {
    private func json(_ result: CommandLineTool.Result) throws -> [String: Any] {
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.split(separator: "\n").count == 1, "one line")
        return try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    }

    @Test func whatATransactionDidIsReadBack() async throws {
        let chain = try await RunningChain()
        let tool = chain.tool
        let environment = ["PODORU_API": chain.url, "PODORU_KEY_FILE": "user.key"]
        func run(_ arguments: String...) throws -> CommandLineTool.Result { try tool.run(arguments, environment: environment) }

        let key = "odd key/ü?#%"
        let sent = try run("tx", "set", key, "{\"name\":\"Alice\"}")
        #expect(sent.code == 0, "\(sent.errors)")
        let words = sent.output.line.split(separator: " ")
        let (hash, height) = (String(words[0]), String(try #require(words.last)))
        #expect(try run("tx", "set", "binary", "--hex", "00ff0a").code == 0)
        #expect(try run("tx", "transfer", chain.producer, "2.5").code == 0)

        // A value: text as it is, bytes as digits, and raw.
        #expect(try run("get", "state", key).output == "{\"name\":\"Alice\"}\n")
        #expect(
            try run("get", "state", "--hex", "0x" + key.utf8.map { String(format: "%02x", $0) }.joined()).output == "{\"name\":\"Alice\"}\n"
        )
        #expect(try run("get", "state", "binary").output == "0x00ff0a\n")
        #expect(try run("get", "state", key, "--raw").output == "{\"name\":\"Alice\"}", "without a line end")
        let value = try json(run("get", "state", "binary", "--json"))
        #expect(value["key"] as? String == "binary" && value["key_hex"] as? String == "0x62696e617279")
        #expect(value["value"] is NSNull && value["value_hex"] as? String == "0x00ff0a" && value["size"] as? Int == 3)

        // The transaction, by its hash with and without 0x.
        let transaction = try json(run("get", "tx", hash, "--json"))
        #expect(transaction["hash"] as? String == hash && transaction["status"] as? String == "confirmed")
        #expect(transaction["height"] as? Int == Int(height) && transaction["from"] as? String == chain.user)
        let operation = try #require((transaction["operations"] as? [[String: Any]])?.first)
        #expect(operation["type"] as? String == "SET" && operation["key"] as? String == key)
        #expect(operation["value"] as? String == "{\"name\":\"Alice\"}")
        let text = try run("get", "tx", String(hash.dropFirst(2)))
        #expect(text.output.contains("status        confirmed in block \(height), 0x"), "\(text.output)\(text.errors)")
        #expect(text.output.contains("\n  set \(key) = {\"name\":\"Alice\"}\n"), "\(text.output)")

        // Its block: by height, by hash, and the newest.
        let block = try json(run("get", "block", height, "--json"))
        #expect(block["height"] as? Int == Int(height) && block["producer"] as? String == chain.producer)
        #expect((block["transactions"] as? [String])?.contains(hash) == true)
        let blockHash = try #require(block["hash"] as? String)
        #expect(blockHash == transaction["block_hash"] as? String && blockHash.hasPrefix("0x"))
        #expect(try json(run("get", "block", blockHash, "--json"))["height"] as? Int == Int(height))
        #expect(try json(run("get", "block", "latest", "--json"))["height"] as? Int ?? 0 >= Int(height) ?? 1)
        #expect(try json(run("get", "block", "0", "--json"))["previous_hash"] as? String == "0x" + String(repeating: "0", count: 64))
        let shown = try run("get", "block", height)
        #expect(shown.output.hasPrefix("block         \(height)\nhash          \(blockHash)\n"), "\(shown.output)")
        #expect(shown.output.contains("Z (") && shown.output.contains("  \(hash) from \(chain.user)\n"), "\(shown.output)")

        // Tokens have a point for people, and none for scripts.
        #expect(try run("get", "balance", chain.producer).output.wholeMatch(of: /2\.5[0-9]* PDR\n/) != nil)
        let balance = try json(run("get", "balance", chain.producer.lowercased(), "--json"))
        #expect((balance["balance"] as? String)?.wholeMatch(of: /25[0-9]{17}/) != nil, "\(balance)")
        #expect(balance["address"] as? String == chain.producer)
        #expect(try run("get", "balance", "0x" + String(repeating: "11", count: 20)).output == "0 PDR\n")

        // What is not there has a sentence and a code of its own.
        let unknown = "0x" + String(repeating: "ab", count: 32)
        for (arguments, words) in [
            (["state", "nothing"], "the state has no key nothing"),
            (["block", "999999"], "the chain has no block of height 999999: its newest has"),
            (["block", unknown], "the chain has no block of this hash"), (["tx", unknown], "the node knows no transaction of this hash"),
        ] {
            for json in [[], ["--json"]] {
                let result = try tool.run(["get"] + arguments + json, environment: environment)
                #expect(result.code == 66 && result.errors.contains(words), "\(result.errors)")
                #expect(result.output.isEmpty)
            }
        }
        try await chain.stop()
        #expect(try run("get", "block", "latest").code == 69)
    }

    @Test(arguments: [
        ["get"], ["get", "state"], ["get", "state", ""], ["get", "state", "--hex", "xyz"], ["get", "state", "k", "--raw", "--json"],
        ["get", "block", ""], ["get", "block", "-1"], ["get", "block", "newest"], ["get", "block", "18446744073709551616"],
        ["get", "tx", "0x12"], ["get", "balance", "0x12"], ["get", "balance", "0x0a8479160faF69D64Ee5ae0e5a78cB63dE4e1836"],
        ["get", "block", "1", "--api", "https://x"],
    ]) func aMistakeIsUsage(arguments: [String]) throws {
        let tool = try CommandLineTool()
        let result = try tool.run(arguments, environment: ["PODORU_API": "http://127.0.0.1:1"])
        // A command without its own command shows its help.
        #expect(result.code == (arguments.count == 1 ? 0 : 64), "\(result.errors)")
    }

    @Test func aNodeThatGivesOneThingForAnotherIsNotBelieved() throws {
        let tool = try CommandLineTool()
        let node = try FakeNode()
        defer { node.stop() }
        let hash = "0x" + String(repeating: "ab", count: 32)
        let block = #"{"header":{"version":1,"height":7,"timestamp":5,"producer_addr":"0x"},"transactions":null,"signature":null}"#
        node.on("/block/height/8", .data(block))
        node.on("/block/\(hash)", .data(block))
        node.onAnyTransaction(.data(#"{"id":"AQI=","from":"0x","timestamp":5,"data":null,"nonce":1,"status":"confirmed"}"#))
        node.on("/state/k", .data(#"{"key":"k","value":"!!"}"#))
        for arguments in [["block", "8"], ["block", hash], ["tx", hash], ["state", "k"]] {
            let result = try tool.run(["get"] + arguments + ["--api", node.url])
            #expect(result.code == 65 && result.output.isEmpty, "\(arguments): \(result.errors)")
            #expect(result.errors.contains("does not answer as a node's API does"), "\(result.errors)")
        }
    }

    @Test func theGoNodesLatestBlockIsFoundByItsHeight() throws {
        let tool = try CommandLineTool()
        let node = try FakeNode()
        defer { node.stop() }
        node.on("/block/latest", .refusal(400, "invalid hash"))
        node.on("/chain/info", .data(#"{"height":7,"current_hash":"0x01"}"#))
        node.on("/block/height/7", .data(#"{"header":{"version":1,"height":7,"timestamp":5},"transactions":null,"signature":null}"#))
        let result = try tool.run("get", "block", "latest", "--api", node.url)
        #expect(result.code == 0 && result.output.hasPrefix("block         7\n"), "\(result.errors)")
        #expect(result.output.contains("1970-01-01T00:00:05Z ("), "\(result.output)")
    }

    @Test func whatATerminalMustNotBeGivenIsShownAsDigits() throws {
        let tool = try CommandLineTool()
        let node = try FakeNode()
        defer { node.stop() }
        node.on("/state/k", .data("{\"key\":\"k\",\"value\":\"\(Data("\u{1B}[2J".utf8).base64EncodedString())\"}"))
        #expect(try tool.run("get", "state", "k", "--api", node.url).output == "0x1b5b324a\n")
        node.on("/state/k", .data("{\"key\":\"k\",\"value\":\"\(Data("a\nb\t\u{E9}".utf8).base64EncodedString())\"}"))
        #expect(try tool.run("get", "state", "k", "--api", node.url).output == "a\nb\t\u{E9}\n")
        node.on("/state/k", .data(#"{"key":"k","value":null}"#))
        #expect(try tool.run("get", "state", "k", "--api", node.url).output == "\n")
    }
}
