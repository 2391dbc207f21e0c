import Foundation
import Ledger
import Primitives
import TestKit
import Testing

/// `podoru tx` against a server that answers what a test tells it.
@Suite struct TransactionCommandTests {
    private static let key = "af7bc75f29d5156dc98655806253f4a6e1d5eef2cdb918b91169bdcf9a5afcb9"
    private static let address = "0xFC265D13Dd3C8A6Fa72EF93bED3830c3551cC2ee"
    private static let receiver = "0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836"

    let tool: CommandLineTool

    init() throws {
        tool = try CommandLineTool()
        try tool.write("a.key", Self.key)
    }

    private func signed(_ arguments: [String], input: Data = Data()) throws -> Transaction {
        let result = try tool.run(["tx"] + arguments + ["--dry-run", "--nonce", "7", "--key-file", "a.key"], input: input)
        #expect(result.code == 0, "\(result.errors)")
        let transaction = try PreparedTransaction(decoding: Array(result.output.line.utf8))
        #expect(transaction.fault == nil)
        #expect(transaction.transaction.json == Array(result.output.line.utf8), "the JSON is canonical")
        return transaction.transaction
    }

    /// The address of nobody: whoever asks it finds out.
    private static let nobody = ["--api", "http://127.0.0.1:1"]

    // MARK: What is signed

    @Test func aSetIsSignedWithoutANode() throws {
        let transaction = try signed(["set", "user:alice", "hello"] + Self.nobody)
        #expect(transaction.from.text == Self.address)
        #expect(transaction.nonce == 7)
        #expect(transaction.data?.operations == [Operation(type: .set, key: "user:alice", value: Array("hello".utf8))])
        #expect(abs(transaction.timestamp - Int64(Date().timeIntervalSince1970)) < 60)
    }

    @Test func aValueComesFromAFileFromInputOrAsHex() throws {
        try tool.write("value", Data([0, 255, 10]))
        try tool.write("digits", "0x00ff\n0a\n")
        func value(_ arguments: [String], input: Data = Data()) throws -> [UInt8]? {
            try signed(["set", "k"] + arguments + Self.nobody, input: input).data?.operations?[0]?.value
        }
        #expect(try value(["@value"]) == [0, 255, 10])
        for stdin in ["-", "@-"] { #expect(try value([stdin], input: Data("from a pipe".utf8)) == Array("from a pipe".utf8)) }
        #expect(try value(["--hex", "0xDEADbeef"]) == [0xde, 0xad, 0xbe, 0xef])
        #expect(try value(["--hex", "@digits"]) == [0, 255, 10])
    }

    @Test func aDeleteHasNoValue() throws {
        #expect(try signed(["delete", "k"] + Self.nobody).data?.operations == [Operation(type: .delete, key: "k")])
    }

    @Test(arguments: ["transfer", "mint"]) func tokensGoToABalanceKey(command: String) throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.on("/token/info", .data(#"{"name":"Podoru","symbol":"PDR","decimals":3,"total_supply":"1"}"#))
        let transaction = try signed([command, Self.receiver, "1.5", "--api", node.url])
        let operation = Operation(
            type: command == "mint" ? .mint : .transfer, key: ByteString("balance:" + Self.receiver.lowercased()), value: [0x05, 0xdc])
        #expect(transaction.data?.operations == [operation])
        #expect(try signed([command, Self.receiver, "1500wei"] + Self.nobody).data?.operations == [operation])
    }

    // MARK: Sending

    /// A node that takes whatever comes, and whose next nonce is 3.
    private func willingNode(hash: String) throws -> FakeNode {
        let node = try FakeNode()
        node.on("/account/\(Self.address)", .data(#"{"address":"\#(Self.address)","balance":"100","nonce":3}"#))
        node.on("/gas/config", .data(#"{"enabled":true,"base_fee":"1000","per_byte_fee":"10"}"#))
        node.on("/token/info", .data(#"{"symbol":"PDR","decimals":18}"#))
        node.on("/transaction", .data(#"{"transaction_hash":"\#(hash)","hash":"\#(hash)","status":"submitted"}"#))
        return node
    }

    /// The hash can only be told by who signs: a first run against a node that refuses gives it away.
    private func submitted(_ node: FakeNode) throws -> Transaction {
        let request = try #require(node.requests.last { $0.method == "POST" })
        let body = request.body
        #expect(body.hasPrefix("{\"transaction\":") && body.hasSuffix("}"))
        return try Transaction(decoding: Array(body.dropFirst("{\"transaction\":".count).dropLast().utf8))
    }

    @Test func aRefusalGivesTheNodesReason() throws {
        let node = try willingNode(hash: "0x")
        defer { node.stop() }
        node.on("/transaction", .refusal(400, "insufficient balance for gas: have 0, need 4000"))
        let result = try tool.run("tx", "set", "k", "v", "--key-file", "a.key", "--api", node.url)
        #expect(result.code == 65)
        #expect(result.errors.hasSuffix("podoru: the node refuses the transaction: insufficient balance for gas: have 0, need 4000\n"))
        #expect(result.output.isEmpty)
        let sent = try submitted(node)
        #expect(sent.nonce == 3, "the node's next")
        let size = sent.json.count
        let fee = String("\(100_000 + 1000 + 10 * size)".dropFirst()).trimmingCharacters(in: ["0"])
        #expect(result.errors.contains("signed by \(Self.address), nonce 3, \(size) bytes, fee 0.0000000000000"), "\(result.errors)")
        #expect(result.errors.contains("\(fee) PDR\n"), "an amount has a point: \(result.errors)")
    }

    @Test func aFullMempoolIsUnavailable() throws {
        let node = try willingNode(hash: "0x")
        defer { node.stop() }
        node.on("/transaction", .refusal(503, "the mempool is full"))
        #expect(try tool.run("tx", "set", "k", "v", "--key-file", "a.key", "--api", node.url).code == 69)
    }

    @Test func aNodeThatDoesNotSayWhetherItTookItIsNotUnavailable() throws {
        let node = try willingNode(hash: "0x")
        defer { node.stop() }
        node.on("/transaction", .raw("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"))
        let result = try tool.run("tx", "set", "k", "v", "--key-file", "a.key", "--api", node.url)
        #expect(result.code == 74)
        #expect(result.errors.contains("is not known"), "\(result.errors)")
    }

    @Test func aNodeThatTakesItUnderAnotherHashIsNotBelieved() throws {
        let node = try willingNode(hash: "0x" + String(repeating: "0", count: 64))
        defer { node.stop() }
        let result = try tool.run("tx", "set", "k", "v", "--key-file", "a.key", "--api", node.url)
        #expect(result.code == 65)
        #expect(result.errors.contains("another hash"))
    }

    @Test func aTransactionThatNoBlockTakesIsNoSuccess() throws {
        let node = try willingNode(hash: FakeNode.hashOfBody)
        defer { node.stop() }
        let arguments = ["tx", "set", "k", "v", "--key-file", "a.key", "--timeout", "300ms", "--json", "--api", node.url]
        node.onAnyTransaction(.data(#"{"status":"pending"}"#))
        let waiting = try tool.run(arguments)
        #expect(waiting.code == 74)
        #expect(waiting.output.contains("\"status\":\"pending\",\"height\":null"))
        #expect(waiting.errors.contains("within 300ms: it waits in the node's mempool"), "\(waiting.errors)")

        node.onAnyTransaction(.refusal(404, "transaction not found"))
        let gone = try tool.run(arguments)
        #expect(gone.code == 74)
        #expect(gone.errors.contains("dropped from the mempool"), "\(gone.errors)")

        // Nothing is given up while the node stumbles.
        node.onAnyTransaction(
            .refusal(503, "busy"), .raw(""), .data(#"{"status":"pending"}"#), .data(#"{"status":"confirmed","block_height":9}"#))
        let slow = try tool.run("tx", "set", "k", "v", "--key-file", "a.key", "--api", node.url)
        #expect(slow.code == 0, "\(slow.errors)")
        #expect(slow.output.hasSuffix(" confirmed at height 9\n"))
    }

    @Test func theGoNodesTransactionIsConfirmedOnceItIsKnown() throws {
        let node = try willingNode(hash: FakeNode.hashOfBody)
        defer { node.stop() }
        node.onAnyTransaction(.refusal(404, "transaction not found"), .data(#"{"id":"","from":"0x","timestamp":1,"nonce":2}"#))
        let result = try tool.run("tx", "set", "k", "v", "--key-file", "a.key", "--api", node.url)
        #expect(result.output.line.wholeMatch(of: /0x[0-9a-f]{64} confirmed/) != nil, "\(result.errors)")
    }

    @Test func noNodeMeansNothingWasSent() throws {
        let result = try tool.run(["tx", "set", "k", "v", "--nonce", "1", "--key-file", "a.key"] + Self.nobody)
        #expect(result.code == 69)
        #expect(result.output.isEmpty)
    }

    @Test func aNodeWithoutNoncesAsksForOne() throws {
        let node = try FakeNode()
        defer { node.stop() }
        let result = try tool.run("tx", "set", "k", "v", "--key-file", "a.key", "--api", node.url)
        #expect(result.code == 65)
        #expect(result.errors.contains("--nonce"))
    }

    // MARK: Mistakes

    private static let mistakes: [([String], Int32)] = [
        (["transfer", "0x12", "1wei"], 64), (["transfer", receiver.replacingOccurrences(of: "FAF", with: "faf"), "1wei"], 64),
        (["transfer", receiver, "0wei"], 64), (["transfer", receiver, "x wei"], 64), (["mint", receiver], 64), (["set", "k"], 64),
        (["set", "k", "--hex", "xyz"], 64), (["set", "k", "@nothing"], 66), (["set", "k", "@."], 65), (["set", "", "v"], 65),
        (["set", "k", ""], 65), (["delete", ""], 65), (["set", String(repeating: "k", count: 1025), "v"], 65), (["erase", "k"], 64),
        (["set", "k", "v", "--timeout", "soon"], 64), (["set", "k", "v", "--nonce", "-1"], 64),
        (["set", "k", "v", "--timeout", "9223372036854775807ms"], 64),
        (["set", "k", "v", "--api", "https://127.0.0.1"], 64), (["set", "k", "v", "--key-file", "nothing.key"], 66),
    ]

    @Test(arguments: mistakes) func aMistakeIsToldBeforeAnythingIsSent(arguments: [String], code: Int32) throws {
        let nonce = arguments.contains("--nonce") ? [] : ["--nonce", "1"]
        let key = arguments.contains("--key-file") ? [] : ["--key-file", "a.key"]
        let address = arguments.contains("--api") ? [] : Self.nobody
        let result = try tool.run(["tx"] + arguments + nonce + key + address)
        #expect(result.code == code, "\(result.errors)")
        #expect(!result.errors.isEmpty && result.output.isEmpty)
    }

    @Test func theKeyFileMayStandInTheEnvironment() throws {
        let arguments = ["tx", "delete", "k", "--nonce", "1", "--dry-run"] + Self.nobody
        #expect(try tool.run(arguments, environment: ["PODORU_KEY_FILE": "a.key"]).code == 0)
        let without = try tool.run(arguments)
        #expect(without.code == 64)
        #expect(without.errors.contains("--key-file"))
        try tool.write("open.key", Self.key, mode: 0o644)
        #expect(try tool.run(arguments + ["--key-file", "open.key"]).code == 77)
    }
}
