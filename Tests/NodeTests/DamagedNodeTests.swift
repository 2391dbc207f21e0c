import Foundation
import Ledger
import Network
import Primitives
import TestKit
import Testing

@testable import Node
@testable import Storage

/// The process of a node on files that are not what they should be.
@Suite(.timeLimit(.minutes(5))) struct DamagedNodeTests {
    let network: TestNetwork
    let process: SupervisedNode

    init() throws {
        network = try TestNetwork()
        process = try SupervisedNode(network, "one", authority: nil, bootstrap: [])
    }

    private var dataFile: URL { URL(fileURLWithPath: "\(process.dataPath)/data.mdb") }

    /// Starts it and expects one sentence that names the data and has the `words`.
    private func expectRefusal(_ process: SupervisedNode, code: Int32, _ words: String..., when: String) async throws {
        try process.start()
        defer { process.kill() }
        #expect(try await process.end() == code, "\(when): \(process.log.suffix(1000))")
        let told = process.lastWords ?? ""
        for word in words + [process.dataPath] { #expect(told.contains(word), "\(when): \(told)") }
    }

    @Test(arguments: ["cut off", "noise", "text", "empty", "a folder"])
    func aDamagedStoreIsRefusedWithARemedy(kind: String) async throws {
        try network.importBlocks(try network.makeBlocks(10), into: "one")
        let file = dataFile
        switch kind {
        case "cut off": truncate(file.path, 12_288)
        case "noise": try Data((0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 167 >> 3) }).write(to: file)
        case "text": try Data("a: letter\n".utf8).write(to: file)
        case "empty": truncate(file.path, 0)
        default:
            try FileManager.default.removeItem(at: file)
            try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
        }
        try await expectRefusal(process, code: 74, kind == "a folder" ? "move away" : "podoru backup", when: kind)
    }

    @Test func aDamagedBlockIsNotServedAndTheNodeGoesOn() async throws {
        let blocks = try network.makeBlocks(130)
        try network.importBlocks(blocks, into: "one")
        let bad: UInt64 = 70
        let file = try FileHandle(forUpdating: dataFile)
        let image = try #require(try file.read(upToCount: 8 << 20))
        let place = try #require(image.range(of: Data(PackedBlock.pack(blocks[Int(bad) - 1])))).lowerBound + 100
        try file.seek(toOffset: UInt64(place))
        try file.write(contentsOf: [image[place] ^ 4])
        try file.close()

        defer { process.kill() }
        try process.start()
        let peer = try await WirePeer.connect(to: try await process.port(), genesis: network.genesis)
        func fetch(_ range: HeightRange) async throws -> [Hash32] {
            do { return try await peer.fetch(range) } catch { throw TestFailure("\(error), the log: \(process.log.suffix(2000))") }
        }
        #expect(try await fetch(HeightRange(first: 60, count: 20)) == [])
        #expect(try await fetch(HeightRange(bad)) == [])
        #expect(try await fetch(HeightRange(first: 10, count: 20)).count == 20)
        #expect(!peer.isClosed)
        try await eventually("the log names the block") { process.log.contains("block \(bad) is not what was written") }
        try await process.terminate()
        let code = process.exitCode
        #expect(code == 0)
        let fault = #expect(throws: StoreError.self) { try process.verifiedHeight() }
        #expect(fault?.detail.contains("block \(bad)") == true)
    }

    /// LMDB reads through a map: a page that is not there any more is a signal, not an error.
    @Test func aFileThatIsCutOffWhileItIsOpenEndsTheNodeInWords() async throws {
        let producer = try SupervisedNode(network, "producer", authority: 0, bootstrap: [])
        defer { producer.kill() }
        try producer.start()
        try await eventually("a block") { try producer.committed() >= 1 }
        truncate("\(producer.dataPath)/data.mdb", 8192)
        #expect(try await producer.end() == 74, "\(producer.log.suffix(1000))")
        let words = producer.lastWords ?? ""
        #expect(words.contains(producer.dataPath) && words.contains("cut off") && words.contains("podoru verify"), "\(words)")
    }

    @Test(
        .enabled(if: SupervisedNode.canBeNobody, "only root with setpriv(1) can become a user whom permissions concern"),
        arguments: ["data.mdb", "lock.mdb", "LOCK", "the folder"])
    func whatPermissionsForbidIsToldAsSuch(what: String) async throws {
        try network.importBlocks(try network.makeBlocks(3), into: "one")
        for file in ["", "data.mdb", "lock.mdb", "LOCK"] { chown("\(process.dataPath)/\(file)", 65534, 65534) }
        let path = what == "the folder" ? process.dataPath : "\(process.dataPath)/\(what)"
        chmod(path, what == "the folder" ? 0o555 : 0o444)
        let nobody = try SupervisedNode(network, "one", authority: nil, bootstrap: [], asNobody: true)
        try await expectRefusal(nobody, code: 77, what == "the folder" ? "node.key" : what, "permissions", when: what)
    }

    @Test func filesThatAKilledProcessLeftAreNoObstacle() async throws {
        try network.importBlocks(try network.makeBlocks(3), into: "one")
        try Data("99999999\nstore\n".utf8).write(to: URL(fileURLWithPath: "\(process.dataPath)/LOCK"))
        try Data((0..<4224).map { UInt8(truncatingIfNeeded: $0 &* 31) }).write(to: URL(fileURLWithPath: "\(process.dataPath)/lock.mdb"))
        defer { process.kill() }
        try process.start()
        _ = try await process.port()
        process.kill()
        #expect(try process.verifiedHeight() == 3)
    }
}
