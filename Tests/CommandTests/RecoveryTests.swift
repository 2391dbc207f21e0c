import ChainService
import Foundation
import TestKit
import Testing

/// What `docs/recovery.md` tells an operator to do, done.
@Suite struct RecoveryTests {
    private struct Summary: Decodable, Equatable {
        var height: Int
        var hash: String
        var stateRoot: String

        enum CodingKeys: String, CodingKey {
            case height, hash
            case stateRoot = "state_root"
        }
    }

    private static let genesis = Vectors.folder.appendingPathComponent("genesis.json").path
    private static let chain = Vectors.folder.appendingPathComponent("chain-130.jsonl.gz").path

    private func summary(_ result: CommandLineTool.Result) throws -> Summary {
        #expect(result.code == 0, "\(result.errors)")
        return try JSONDecoder().decode(Summary.self, from: Data(result.output.utf8))
    }

    @Test func aBackupPutInPlaceOfALostStoreIsGoneOnFrom() async throws {
        let chain = try await RunningChain()
        let tool = chain.tool
        #expect(try tool.run("tx", "set", "kept", "value", "--key-file", "user.key", "--api", chain.url).code == 0)
        let copy = try summary(tool.run("backup", "--data-dir", "data", "copy"))
        chain.node.kill()

        // The store is lost; nobody else has seen what the only node of this chain made after the copy.
        try FileManager.default.moveItem(atPath: tool.folder.path + "/data", toPath: tool.folder.path + "/lost")
        try FileManager.default.moveItem(atPath: tool.folder.path + "/copy", toPath: tool.folder.path + "/data")
        try await chain.node.start()
        #expect(chain.log.contains("height=\(copy.height) "), "\(chain.log)")
        #expect(try tool.run("tx", "set", "later", "value", "--key-file", "user.key", "--api", chain.url).code == 0)
        #expect(try await chain.stop() == 0, "\(chain.log)")
        #expect(try summary(tool.run("verify", "--data-dir", "data")).height > copy.height)
    }

    @Test func exportAndImportBringAChainToAnotherDirectory() async throws {
        let chain = try await RunningChain()
        let tool = chain.tool
        #expect(try tool.run("tx", "set", "moved", "value", "--key-file", "user.key", "--api", chain.url).code == 0)
        chain.node.kill()
        let exported = try summary(tool.run("export", "--data-dir", "data", "blocks.jsonl.gz"))
        try FileManager.default.moveItem(atPath: tool.folder.path + "/data", toPath: tool.folder.path + "/old")
        let imported = try summary(tool.run("import", "--data-dir", "data", "--genesis", "genesis.json", "blocks.jsonl.gz"))
        #expect(imported == exported)
        #expect(try summary(tool.run("verify", "--data-dir", "data")) == exported)
        try await chain.node.start()
        #expect(try tool.run("tx", "set", "later", "value", "--key-file", "user.key", "--api", chain.url).code == 0)
        #expect(try await chain.stop() == 0, "\(chain.log)")
    }

    // MARK: Full disks

    private static let full = "the disk is full"

    /// A folder with a whole store `data`, and a small disk in `disk`.
    private func withSmallDisk(bytes: Int, _ body: @escaping (CommandLineTool, SmallDisk) throws -> Void) throws {
        let tool = try CommandLineTool()
        #expect(try tool.run("import", "--data-dir", "data", "--genesis", Self.genesis, Self.chain).code == 0)
        let disk = try SmallDisk(at: tool.folder.path + "/disk", bytes: bytes)
        try body(tool, disk)
    }

    @Test(
        .enabled(if: SmallDisk.isAvailable, "\(SmallDisk.unavailable)"),
        arguments: [
            ["backup", "--data-dir", "data", "disk/copy"], ["export", "--data-dir", "data", "disk/blocks.jsonl"],
            ["export", "--data-dir", "data", "disk/blocks.jsonl.gz"],
        ])
    func whatDoesNotFitIsToldAndLeavesNothingHalf(command: [String]) throws {
        try withSmallDisk(bytes: 16 << 10) { tool, disk in
            let result = try disk.run { try tool.run(command) }
            #expect(result.code == 74, "\(result.errors)")
            #expect(result.errors.contains(Self.full) && result.errors.contains(command[3]), "\(result.errors)")
            #expect(result.output == "")
            #expect(try disk.files == [])
            try disk.remount(bytes: 16 << 20)
            #expect(try disk.run { try tool.run(command) }.code == 0)
            #expect(try disk.files == [URL(fileURLWithPath: command[3]).lastPathComponent])
        }
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "\(SmallDisk.unavailable)"))
    func anImportThatFillsTheDiskGoesOnOnceThereIsRoom() throws {
        try withSmallDisk(bytes: 200 << 10) { tool, disk in
            let command = ["import", "--data-dir", "disk/data", "--genesis", Self.genesis, Self.chain]
            let result = try disk.run { try tool.run(command) }
            #expect(result.code == 74, "\(result.errors)")
            #expect(result.errors.contains(Self.full) && result.errors.contains("disk/data"), "\(result.errors)")
            #expect(result.output == "")
            try disk.remount(bytes: 16 << 20)
            let imported = try disk.run { try tool.run(command) }
            #expect(try self.summary(imported) == self.summary(tool.run("verify", "--data-dir", "data")))
        }
    }
}
