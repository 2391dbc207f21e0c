import ChainService
import ChainTools
import Foundation
import Ledger
import Primitives
import Storage
import TestKit
import Testing

@testable import Node

@Suite struct ImportTests {
    let directory = TemporaryDirectory()

    private func open(_ name: String = "data") throws -> ChainDirectory {
        try ChainDirectory(directory.file(name), genesis: try ReferenceChain.genesis())
    }

    private func importFile(_ path: String, into chain: ChainDirectory) throws -> TransferOutcome {
        let pool = SignaturePool(rules: chain.engine.rules)
        return try BlockImporter(engine: chain.engine, pool: pool, now: { ReferenceChain.now }).run(try BlockFileReader(path: path))
    }

    @Test func theReferencesChainEndsAtItsHashAndStateRoot() throws {
        let chain = try open()
        let outcome = try importFile(ReferenceChain.file, into: chain)
        let last = try HeaderPeek.read(try #require(try ReferenceChain.lines().last))
        #expect(outcome.fault == nil)
        #expect(outcome.blocks == 130)
        #expect(outcome.skipped == 1)
        #expect(outcome.head.height == 130)
        #expect(outcome.head.hash == last.hash)
        #expect(outcome.head.stateRoot.bytes == last.header.stateRoot)
        #expect(try chain.store.head() == outcome.head)
    }

    @Test func aPlainFileFromTheNextHeightContinues() throws {
        let lines = try ReferenceChain.lines()
        let chain = try open()
        try ReferenceChain.write(Array(lines[1...40]), to: directory.file("first"))
        try ReferenceChain.write(Array(lines[41...]), to: directory.file("second"))
        #expect(try importFile(directory.file("first"), into: chain).head.height == 40)
        let outcome = try importFile(directory.file("second"), into: chain)
        #expect(outcome.blocks == 90)
        #expect(outcome.head.height == 130)
        // All of it again changes nothing.
        let again = try importFile(ReferenceChain.file, into: chain)
        #expect((again.blocks, again.skipped, again.head.height) == (0, 131, 130))
        #expect(again.fault == nil)
    }

    @Test func aFileThatBeginsTooHighIsRefused() throws {
        let chain = try open()
        try ReferenceChain.write(Array(try ReferenceChain.lines()[5...9]), to: directory.file("gap"))
        let outcome = try importFile(directory.file("gap"), into: chain)
        #expect(outcome.fault?.line == 1)
        #expect(outcome.fault?.height == 5)
        #expect(outcome.head.height == 0)
    }

    @Test(arguments: [1, 50, 100, 101, 128])
    func theFirstBadBlockEndsItWithItsLineAndWhatWasBeforeStays(bad: Int) throws {
        var lines = try ReferenceChain.lines()
        // Another character in the middle of the block's signature.
        let text = String(decoding: lines[bad], as: UTF8.self)
        let start = try #require(text.range(of: "\"signature\":\"", options: .backwards)).upperBound
        let place = text.index(start, offsetBy: 20)
        lines[bad] = Array((text[..<place] + (text[place] == "A" ? "B" : "A") + text[text.index(after: place)...]).utf8)
        try ReferenceChain.write(lines, to: directory.file("bad"))
        let chain = try open()
        let outcome = try importFile(directory.file("bad"), into: chain)
        #expect(outcome.fault?.line == bad + 1)
        #expect(outcome.fault?.height == UInt64(bad))
        #expect(outcome.head.height == UInt64(bad) - 1)
        #expect(try chain.store.head()?.height == UInt64(bad) - 1)
    }

    @Test(arguments: ["not json", "{}", "[1,2]", "{\"header\":7}"])
    func aLineThatIsNoBlockIsNamed(text: String) throws {
        var lines = try ReferenceChain.lines()
        lines[60] = Array(text.utf8)
        try ReferenceChain.write(lines, to: directory.file("bad"))
        let chain = try open()
        let outcome = try importFile(directory.file("bad"), into: chain)
        #expect(outcome.fault?.line == 61)
        #expect(outcome.head.height == 59)
    }

    @Test func emptyLinesAndCarriageReturnsDoNotCount() throws {
        let lines = try ReferenceChain.lines()
        try ReferenceChain.write([[], lines[0] + [0x0D], [], [0x20, 0x0D], lines[1] + [0x0D], []], to: directory.file("gaps"))
        let outcome = try importFile(directory.file("gaps"), into: try open())
        #expect(outcome.fault == nil)
        #expect(outcome.head.height == 1)
    }

    @Test func aCutOffGzipFileKeepsWhatItHeldWhole() throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: ReferenceChain.file))
        try whole.prefix(whole.count * 2 / 3).write(to: URL(fileURLWithPath: directory.file("cut.gz")))
        let chain = try open()
        let outcome = try importFile(directory.file("cut.gz"), into: chain)
        #expect(outcome.fault != nil)
        #expect(outcome.head.height > 10)
        #expect(outcome.head.height < 130)
        #expect(try chain.store.head() == outcome.head)
    }

    /// gzip members one after the other are one file, and nothing else may follow the last.
    @Test func aGzipFileIsReadToItsEnd() throws {
        let lines = try ReferenceChain.lines()
        try ReferenceChain.write(Array(lines[0...5]), to: directory.file("a"))
        try ReferenceChain.write(Array(lines[6...9]), to: directory.file("b"))
        _ = try TestProcess.run(["/usr/bin/env", "gzip", "a", "b"], in: directory.url)
        let members = try ["a.gz", "b.gz"].map { try Data(contentsOf: URL(fileURLWithPath: directory.file($0))) }
        try (members[0] + members[1]).write(to: URL(fileURLWithPath: directory.file("both.gz")))
        #expect(try importFile(directory.file("both.gz"), into: try open("both")).head.height == 9)
        for (name, tail) in [("junk", Data("junk".utf8)), ("zero", Data([0])), ("half", members[1].prefix(20)), ("magic", Data([0x1F]))] {
            try (members[0] + tail).write(to: URL(fileURLWithPath: directory.file("\(name).gz")))
            let outcome = try importFile(directory.file("\(name).gz"), into: try open(name))
            #expect(outcome.head.height == 5, "\(name)")
            let reason = try #require(outcome.fault?.reason, "\(name)")
            #expect(reason.contains(name == "half" ? "ends in the middle" : "bytes behind the end"), "\(name): \(reason)")
        }
    }

    @Test func anotherChainsBlocksAreRefused() throws {
        let other = try Genesis(
            GenesisConfiguration(timestamp: 1, authorities: try ReferenceChain.genesis().authorities, initialState: ["a": "b"]))
        let chain = try ChainDirectory(directory.file("other"), genesis: other)
        let outcome = try importFile(ReferenceChain.file, into: chain)
        #expect(outcome.fault?.line == 1)
        #expect(outcome.fault?.height == 0)
        #expect(outcome.head.height == 0)
    }

    @Test func whatIsNoFileOfBlocksIsAnError() throws {
        let missing = #expect(throws: BlockFileError.self) { try BlockFileReader(path: directory.file("none")) }
        #expect(missing?.kind == .missing)
        let folder = #expect(throws: BlockFileError.self) { try BlockFileReader(path: directory.path) }
        #expect(folder?.kind == .notAFile)
    }

    @Test(arguments: ["out.jsonl", "out.jsonl.gz"])
    func anExportImportsAgain(name: String) throws {
        let chain = try open()
        _ = try importFile(ReferenceChain.file, into: chain)
        let exported = try BlockExporter(reader: chain.store.reader, now: { ReferenceChain.now }).run(to: directory.file(name))
        #expect(exported.blocks == 131)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: directory.file(name)))
        #expect(bytes.starts(with: [0x1F, 0x8B]) == name.hasSuffix(".gz"))
        let copy = try open("copy")
        let outcome = try importFile(directory.file(name), into: copy)
        #expect(outcome.fault == nil)
        #expect(outcome.head == exported.head)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.contains(".part") || $0.contains(".new") } == []
        )
    }

    @Test func aStoreKnowsItsGenesisAndRefusesAnother() throws {
        let none = #expect(throws: ChainDirectoryError.self) { try ChainDirectory(directory.file("fresh"), genesis: nil) }
        guard case .noGenesis = none else {
            Issue.record("\(String(describing: none))")
            return
        }
        do { _ = try importFile(ReferenceChain.file, into: try open()) }
        #expect(try ChainDirectory(directory.file("data"), genesis: nil).engine.head.height == 130)
        var configuration = try ReferenceChain.genesis().configuration
        configuration.authorities.removeLast()
        let rules = try Genesis(configuration)
        #expect(throws: ChainDirectoryError.self) { try ChainDirectory(directory.file("data"), genesis: rules) }
        configuration.initialState["x"] = "y"
        let other = try Genesis(configuration)
        #expect(throws: ChainDirectoryError.self) { try ChainDirectory(directory.file("data"), genesis: other) }
    }

    @Test func aSoundStoreIsVerifiedAndNothingIsLeftBehind() throws {
        do { _ = try importFile(ReferenceChain.file, into: try open()) }
        let outcome = try StoreVerifier(directory: directory.file("data"), now: { ReferenceChain.now }).run()
        #expect(outcome.fault == nil)
        #expect(outcome.blocks == 130)
        #expect(outcome.head.height == 130)
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.file("data")).sorted()
        #expect(left == ["LOCK", "data.mdb", "lock.mdb"])
    }

    @Test func aStoreWhoseIndexLiesIsFound() throws {
        let height: UInt64 = 70
        do {
            let chain = try open()
            let lines = try ReferenceChain.lines()
            // The chain as it is, except that one block's undo record and index entry are another's.
            let source = try ChainDirectory(directory.file("source"), genesis: try ReferenceChain.genesis())
            _ = try importFile(ReferenceChain.file, into: source)
            try chain.store.begin()
            for line in lines.dropFirst() {
                let prepared = try PreparedBlock(unverified: line)
                let number = try #require(prepared.block.header?.height)
                var undo = try #require(try source.store.undoRecord(atHeight: number))
                if number == height, !undo.transactions.isEmpty { undo.transactions[0] = Hash32(Array(repeating: 1, count: 32)) ?? .zero }
                let writes = try undo.oldValues.map { old in
                    StateWrite(key: old.key, value: try self.value(of: old.key, after: number, in: source.store))
                }
                try chain.store.append(
                    BlockRecord(
                        head: undo.block, json: line, writes: writes,
                        transactions: undo.transactions.enumerated().map { TransactionEntry(id: $0.element, index: $0.offset) }, undo: undo)
                )
            }
            try chain.store.commit()
        }
        let outcome = try StoreVerifier(directory: directory.file("data"), now: { ReferenceChain.now }).run()
        #expect(outcome.fault?.height == height)
    }

    /// The value of a key after block `height`: what a later block's undo record remembers, or else the present one.
    private func value(of key: ByteString, after height: UInt64, in store: LMDBStore) throws -> [UInt8]? {
        var next = height + 1
        while let undo = try store.undoRecord(atHeight: next) {
            if let old = undo.oldValues.first(where: { $0.key == key }) { return old.value }
            next += 1
        }
        return try store.stateValue(key)
    }
}
