import ChainTools
import Foundation
import Ledger
import Primitives
import Storage
import TestKit
import Testing

@testable import ChainService
@testable import Node

/// The genesis block is built once in the life of a store; what a later start takes from the file and what from the store.
@Suite struct GenesisStartTests {
    let directory = TemporaryDirectory()
    private var path: String { directory.file("data") }

    private func configuration() throws -> GenesisConfiguration {
        var configuration = try ReferenceChain.genesis().configuration
        for number in 0..<300 { configuration.initialState[ByteString("key \(number)")] = ByteString("\(number)") }
        configuration.token = .standard
        configuration.gas = GasConfiguration(baseFee: "7")
        return configuration
    }

    private func open(_ json: [UInt8]) throws -> ChainDirectory { try ChainDirectory(path, genesis: GenesisFile(json)) }

    /// Whether a start with these bytes would build the genesis block.
    private func isRecalled(_ json: [UInt8]) throws -> Bool {
        let store = try LMDBStore(directory: path, access: .existing)
        return try KeptGenesis(store).recalled(GenesisFile(json)) != nil
    }

    @Test func aStartWithTheSameFileDoesNotBuildTheBlockAgain() throws {
        let configuration = try configuration()
        let whole = try Genesis(configuration)
        for start in 0..<3 {
            if start > 0 { #expect(try isRecalled(configuration.json)) }
            let chain = try open(configuration.json)
            #expect(chain.engine.head == whole.head && chain.engine.stateKeyCount == whole.transactionHashes.count)
            let genesis = chain.engine.genesis
            #expect(genesis.rules == whole.rules && genesis.hash == whole.hash && genesis.token == whole.token)
            // What only the block needs is not kept in memory.
            #expect(genesis.blockJSON == nil && genesis.configuration.initialState.isEmpty)
            #expect(try chain.store.block(atHeight: 0) == whole.blockJSON)
            #expect(try chain.store.stateValue("key 7") == Array("7".utf8))
        }
    }

    @Test func aFileThatIsWrittenAnewIsReadAgainAndThenKnown() throws {
        let configuration = try configuration()
        do { _ = try open(configuration.json) }
        let spaced = configuration.json + [UInt8(ascii: "\n")]
        #expect(try !isRecalled(spaced))
        do { #expect(try open(spaced).engine.head == Genesis(configuration).head) }
        #expect(try isRecalled(spaced))
        #expect(try !isRecalled(configuration.json))
    }

    @Test(arguments: ["state", "balance", "authorities", "fees", "timestamp"])
    func anotherGenesisIsRefused(part: String) throws {
        var configuration = try configuration()
        do { _ = try open(configuration.json) }
        switch part {
        case "state": configuration.initialState["key 7"] = "8"
        case "balance": configuration.initialBalances["0xa3481efc67cf670294ca0780ec0a8c5f4da33709"] = "5"
        case "authorities": configuration.authorities.reverse()
        case "fees": configuration.gas = GasConfiguration(baseFee: "8")
        default: configuration.timestamp += 1
        }
        let error = #expect(throws: ChainDirectoryError.self) { try open(configuration.json) }
        switch (part, error) {
        case ("authorities", .otherRules), ("fees", .otherRules), (_, .chain(.otherGenesis)): break
        default: Issue.record("\(part): \(String(describing: error))")
        }
        // A refused file is not remembered.
        #expect(try !isRecalled(configuration.json))
    }

    @Test func aFileThatStartsNoChainMakesNoStore() throws {
        var configuration = try configuration()
        configuration.initialBalances["0xa3481efc67cf670294ca0780ec0a8c5f4da33709"] = "many"
        let error = #expect(throws: ChainDirectoryError.self) { try open(configuration.json) }
        guard case .genesisFile(.invalidBalance) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aStoreThatDoesNotKnowItsFileYetLearnsIt() throws {
        let configuration = try configuration()
        // As `podoru import` opens it.
        do { _ = try ChainDirectory(path, genesis: Genesis(configuration)) }
        #expect(try !isRecalled(configuration.json))
        do { _ = try open(configuration.json) }
        #expect(try isRecalled(configuration.json))
        let outcome = try StoreVerifier(directory: path, now: { ReferenceChain.now }).run()
        #expect(outcome.fault == nil)
    }
}

/// A store of format 1, as podoru 1.0.0 left it (`Tests/Fixtures`).
@Suite struct OldStoreTests {
    let directory = TemporaryDirectory()
    private var path: String { directory.file("data") }

    init() throws {
        let fixtures = Vectors.folder.deletingLastPathComponent().appendingPathComponent("Fixtures")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let bytes = try Gunzip.unpack(Data(contentsOf: fixtures.appendingPathComponent("store-format-1.mdb.gz")))
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/data.mdb"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path + "/data.mdb")
    }

    @Test func itOpensAndHoldsTheSameChain() throws {
        let chain = try ChainDirectory(path, genesis: nil)
        let lines = try ReferenceChain.lines()
        #expect(chain.engine.head.height == 40)
        for height in 0...40 { #expect(try chain.store.block(atHeight: UInt64(height)) == lines[height], "\(height)") }
    }

    @Test func itIsVerified() throws {
        let outcome = try StoreVerifier(directory: path, now: { ReferenceChain.now }).run()
        #expect(outcome.fault == nil && outcome.head.height == 40)
    }

    @Test func itsBlocksAreTakenBackAndNewOnesAreWritten() throws {
        let lines = try ReferenceChain.lines()
        do {
            let chain = try ChainDirectory(path, genesis: nil)
            try chain.engine.begin()
            for _ in 0..<20 { try chain.engine.undoHead() }
            try chain.engine.commit()
            #expect(chain.engine.head.hash == (try HeaderPeek.read(lines[20]).hash))
            try chain.engine.begin()
            for line in lines[21...] { try chain.engine.apply(PreparedBlock.prepare(line), now: ReferenceChain.now) }
            try chain.engine.commit()
        }
        let chain = try ChainDirectory(path, genesis: GenesisFile([UInt8](Vectors.data("genesis.json"))))
        #expect(chain.engine.head.hash == (try HeaderPeek.read(try #require(lines.last)).hash))
        try chain.engine.begin()
        while chain.engine.head.height > 0 { try chain.engine.undoHead() }
        try chain.engine.commit()
        #expect(chain.engine.head == chain.engine.genesis.head)
    }
}
