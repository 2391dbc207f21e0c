import Foundation
import Ledger
import Primitives
import TestKit
import Testing

@Suite struct InspectTests {
    let tool: CommandLineTool

    init() throws {
        tool = try CommandLineTool()
    }

    struct Answer: Decodable, Equatable {
        var hash: String?
        var size: Int?
        var valid: Bool
        var error: String?
        var merkleRoot: String?

        enum CodingKeys: String, CodingKey {
            case hash, size, valid, error
            case merkleRoot = "merkle_root"
        }
    }

    func inspect(_ arguments: String..., input: String = "") throws -> Answer {
        let result = try tool.run(["inspect"] + arguments, input: Data(input.utf8))
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.filter { $0 == "\n" }.count == 1 && result.output.hasSuffix("\n"), "one line")
        return try JSONDecoder().decode(Answer.self, from: Data(result.output.utf8))
    }

    struct TransactionVectors: Decodable {
        struct Vector: Decodable {
            var name: String
            var json: String
            var hash: String
            var size: Int
            var validate: String
        }
        var transactions: [Vector]
    }

    @Test func everyTransactionOfTheVectorsIsWhatTheReferenceSays() throws {
        for vector in try Vectors.decode(TransactionVectors.self, from: "transactions.json").transactions {
            // Where a key is no UTF-8, Go's JSON holds other text than was signed: only the round trip tells what that is.
            if vector.name.hasPrefix("invalid utf8") { continue }
            let answer = try inspect("tx", "-", input: vector.json)
            #expect(answer.hash == "0x" + vector.hash, "\(vector.name)")
            #expect(answer.size == vector.size, "\(vector.name)")
            #expect(answer.valid == (vector.validate == "ok"), "\(vector.name): \(answer.error ?? "")")
            #expect((answer.error == nil) == answer.valid)
        }
    }

    struct BlockVectors: Decodable {
        struct Genesis: Decodable {
            var json: String
            var hash: String
            var merkleRoot: String
            var size: Int

            enum CodingKeys: String, CodingKey {
                case json = "block_json"
                case merkleRoot = "merkle_root"
                case hash, size
            }
        }
        var genesis: [Genesis]
    }

    @Test func hashesSizesAndRootsOfBlocksAreTheReferences() throws {
        for vector in try Vectors.decode(BlockVectors.self, from: "blocks.json").genesis {
            let answer = try inspect("block", "-", input: vector.json)
            #expect(answer.hash == "0x" + vector.hash)
            #expect(answer.size == vector.size)
            #expect(answer.merkleRoot == "0x" + vector.merkleRoot)
            #expect(!answer.valid, "without its genesis file nothing speaks for a block of height 0")
        }
    }

    private static let genesisPath = Vectors.folder.appendingPathComponent("genesis.json").path

    @Test func aGenesisBlockIsValidWithItsGenesisFile() throws {
        let genesis = try Genesis(decoding: Array(Vectors.data("genesis.json")))
        let json = String(decoding: try #require(genesis.blockJSON), as: UTF8.self)
        #expect(try inspect("block", "--genesis", Self.genesisPath, "-", input: json).valid)
        let other = json.replacingOccurrences(of: "\"signature\":\"\"}", with: "\"signature\":\"AA==\"}")
        #expect(try !inspect("block", "--genesis", Self.genesisPath, "-", input: other).valid)
    }

    /// A block of the vectors' first authority on top of nothing, as a program would send it.
    private func block(by key: PrivateKey, _ change: (inout Block) -> Void = { _ in }) throws -> String {
        let transaction = Transaction(
            operations: [Operation(type: .set, key: "a", value: [1])], timestamp: 1, nonce: 1, key: try Self.key("0"))
        let header = BlockHeader(
            version: 1, height: 7, previousHash: [UInt8](repeating: 1, count: 32), timestamp: 1, merkleRoot: transaction.hash.bytes,
            stateRoot: [UInt8](repeating: 2, count: 32), producer: key.address.checksummed)
        var block = Block(header: header, transactions: [transaction], signature: key.sign(header.hash).bytes)
        change(&block)
        return String(decoding: PreparedBlock(unverified: block).json, as: UTF8.self)
    }

    /// Keys of the vectors: SHA-256 of a text.
    private static func key(_ index: String) throws -> PrivateKey {
        try PrivateKey(bytes: SHA256.hash(Array("podoru-vector-key-\(index)".utf8)).bytes)
    }

    @Test func aSoundBlockIsValidAndItsFaultsAreNamed() throws {
        let authority = try Self.key("100")
        #expect(try inspect("block", "-", input: block(by: authority)).valid)
        #expect(try inspect("block", "-g", Self.genesisPath, "-", input: block(by: authority)).valid)
        let stranger = try block(by: Self.key("1"))
        #expect(try inspect("block", "-", input: stranger).valid)
        #expect(try inspect("block", "-g", Self.genesisPath, "-", input: stranger).error?.contains("not an authority") == true)
        let unsigned = try block(by: authority) { $0.signature = nil }
        #expect(try inspect("block", "-", input: unsigned).error?.contains("signature") == true)
        let empty = try block(by: authority) { $0.transactions = [] }
        #expect(try inspect("block", "-", input: empty).error?.contains("merkle root") == true)
        let null = try block(by: authority) { $0.transactions = [nil] }
        #expect(try inspect("block", "-", input: null).error?.contains("index 0") == true)
    }

    @Test func aStrictGenesisBringsItsRules() throws {
        _ = try tool.run("genesis", "-a", Self.key("100").address.checksummed.text, "-o", "strict.json")
        var transaction = Transaction(
            operations: [Operation(type: .set, key: "a", value: [1])], timestamp: 1, nonce: 1, key: try Self.key("0"))
        transaction.id = [UInt8](repeating: 9, count: 32)
        let json = String(decoding: transaction.json, as: UTF8.self)
        #expect(try inspect("tx", "-", input: json).valid)
        #expect(try inspect("tx", "--genesis", "strict.json", "-", input: json).valid == false)
    }

    @Test(arguments: [
        "", "{", "null", "[]", "42", "\"x\"", "{\"id\":5}", "{\"nonce\":1.5}", "\u{0}\u{1}", String(repeating: "[", count: 10_000),
        "{} {}", "{}x", "{}\u{0}", "\u{FEFF}{}",
    ])
    func whatIsNoTransactionIsAnAnswerToo(input: String) throws {
        let answer = try inspect("tx", "-", input: input)
        #expect(!answer.valid && answer.error?.isEmpty == false)
        if input != "null" { #expect(answer.hash == nil && answer.size == nil) }
        let block = try inspect("block", "-", input: input)
        #expect(!block.valid && block.error?.isEmpty == false)
    }

    @Test func missingFilesAndFoldersAreErrors() throws {
        #expect(try tool.run("inspect", "tx", "nope.json").code == 66)
        #expect(try tool.run("inspect", "block", ".").code == 65)
        try tool.write("tx.json", "{}")
        #expect(try tool.run("inspect", "tx", "--genesis", "nope.json", "tx.json").code == 66)
        #expect(try tool.run("inspect", "tx", "--genesis", "tx.json", "tx.json").code == 65)
        #expect(try tool.run("inspect", "tx", "tx.json").code == 0)
    }
}
