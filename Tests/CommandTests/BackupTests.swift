import ChainService
import Foundation
import TestKit
import Testing

@Suite struct BackupTests {
    private struct Summary: Decodable {
        var height: Int
        var hash: String
        var bytes: Int?
    }

    private static let genesis = Vectors.folder.appendingPathComponent("genesis.json").path
    private static let chain = Vectors.folder.appendingPathComponent("chain-130.jsonl.gz").path

    private func summary(_ result: CommandLineTool.Result) throws -> Summary {
        #expect(result.code == 0, "\(result.errors)")
        return try JSONDecoder().decode(Summary.self, from: Data(result.output.utf8))
    }

    @Test func theStoreOfARunningNodeIsCopiedWhole() async throws {
        let chain = try await RunningChain()
        let tool = chain.tool
        let sent = try tool.run("tx", "set", "kept", "value", "--key-file", "user.key", "--api", chain.url)
        let height = try #require(Int(sent.output.line.split(separator: " ").last ?? ""), "\(sent.errors)")

        let copy = try summary(tool.run("backup", "--data-dir", "data", "copy"))
        #expect(copy.height >= height)
        #expect(try #require(copy.bytes) > 0)
        // The node goes on as before.
        #expect(try tool.run("tx", "set", "later", "value", "--key-file", "user.key", "--api", chain.url).code == 0)
        #expect(try await chain.stop() == 0, "\(chain.log)")

        // A data directory like any other: every block and the state are right, and it ends where the copy was made.
        let verified = try summary(tool.run("verify", "--data-dir", "copy"))
        #expect(verified.height == copy.height && verified.hash == copy.hash)
        #expect(try summary(tool.run("export", "--data-dir", "data", "blocks.jsonl")).height > copy.height)
    }

    @Test func aStoreThatNobodyUsesIsCopiedToo() throws {
        let tool = try CommandLineTool()
        #expect(try tool.run("import", "--data-dir", "data", "--genesis", Self.genesis, Self.chain).code == 0)
        #expect(try summary(tool.run("backup", "--data-dir", "data", "copy")).height == 130)
        #expect(try tool.run("verify", "--data-dir", "copy").code == 0)
    }

    @Test func nothingIsOverwritten() throws {
        let tool = try CommandLineTool()
        #expect(try tool.run("import", "--data-dir", "data", "--genesis", Self.genesis, Self.chain).code == 0)
        try FileManager.default.createDirectory(atPath: tool.folder.path + "/full", withIntermediateDirectories: false)
        try tool.write("full/letter", "precious")
        let result = try tool.run("backup", "--data-dir", "data", "full")
        #expect(result.code == 73)
        #expect(result.errors.contains("full is not empty (it holds letter)"), "\(result.errors)")
        #expect(try tool.read("full/letter") == "precious")
        try tool.write("file", "precious")
        #expect(try tool.run("backup", "--data-dir", "data", "file").code == 73)
        #expect(try tool.run("backup", "--data-dir", "data", "file/in/a/file").code == 73)
        #expect(try tool.run("backup", "--data-dir", "data", "data").code == 73, "not onto itself")
    }

    // MARK: What a backup that was killed leaves

    /// A store in `data`, and what is in the folder of the copy.
    private func withLeftover(
        ofStore bytes: Int = 0, _ text: String = "", _ body: (CommandLineTool, String) throws -> Void
    ) throws {
        let tool = try CommandLineTool()
        #expect(try tool.run("import", "--data-dir", "data", "--genesis", Self.genesis, Self.chain).code == 0)
        try FileManager.default.createDirectory(atPath: tool.folder.path + "/copy", withIntermediateDirectories: false)
        let store = try Data(contentsOf: tool.folder.appendingPathComponent("data/data.mdb"))
        try tool.write("copy/data.mdb.part", store.prefix(bytes) + Data(text.utf8))
        try body(tool, tool.folder.path + "/copy/data.mdb.part")
    }

    @Test(arguments: [0, 100_000]) func theLeftoverOfAKilledBackupIsNoHindrance(bytes: Int) throws {
        try withLeftover(ofStore: bytes) { tool, _ in
            #expect(try summary(tool.run("backup", "--data-dir", "data", "copy")).height == 130)
            let left = try FileManager.default.contentsOfDirectory(atPath: tool.folder.path + "/copy")
            #expect(!left.contains("data.mdb.part"))
            #expect(try tool.run("verify", "--data-dir", "copy").code == 0)
        }
    }

    @Test func aBackupThatIsBeingWrittenIsLeftAlone() throws {
        try withLeftover { tool, path in
            let other = open(path, O_RDWR)
            defer { close(other) }
            #expect(flock(other, LOCK_EX | LOCK_NB) == 0)
            let result = try tool.run("backup", "--data-dir", "data", "copy")
            #expect(result.code == 69)
            #expect(result.errors.contains("another backup is being written there; wait for its end"), "\(result.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: tool.folder.path + "/copy") == ["data.mdb.part"])
        }
    }

    @Test func whatIsNotOursIsKept() throws {
        let letter = "a letter that has the name of an unfinished backup"
        try withLeftover(letter) { tool, path in
            let result = try tool.run("backup", "--data-dir", "data", "copy")
            #expect(result.code == 73 && result.errors.contains("this is no unfinished backup"), "\(result.errors)")
            #expect(try tool.read("copy/data.mdb.part") == letter)
            // Nor is a link followed.
            try FileManager.default.removeItem(atPath: path)
            try tool.write("precious", letter)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "../precious")
            #expect(try tool.run("backup", "--data-dir", "data", "copy").code == 73)
            #expect(try tool.read("precious") == letter)
        }
    }

    @Test func thereMustBeAStore() throws {
        let tool = try CommandLineTool()
        let result = try tool.run("backup", "--data-dir", "nothing", "copy")
        #expect(result.code == 66)
        #expect(try tool.files.isEmpty, "no folder is left behind")
        #expect(try tool.run("backup", "copy").code == 64)
        for arguments in [["--data-dir", "nothing", "-"], ["--data-dir", "-", "copy"]] {
            #expect(try tool.run(["backup"] + arguments).code == 64, "a folder is no stream")
        }
    }
}
