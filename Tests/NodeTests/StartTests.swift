import Foundation
import Logging
import PodoruConfiguration
import Primitives
import Storage
import TestKit
import Testing
import WholeFiles
import Wire

@testable import Node

/// What keeps a node from starting, and what a stopped one leaves behind.
@Suite(.timeLimit(.minutes(3))) struct StartTests {
    let network: TestNetwork

    init() throws {
        network = try TestNetwork()
    }

    /// The error that the start ends with. A node that starts all the same is stopped.
    private func failure(_ configuration: NodeConfiguration) async -> NodeError? {
        do throws(NodeError) {
            await (try await Node.start(configuration, options: Node.Options(logger: Logger(label: "test") { _ in LogRecorder() }))).stop()
            return nil
        } catch {
            return error
        }
    }

    @Test func aTakenPortIsNamed() async throws {
        try await withNodes { nodes in
            let first = try await nodes.start(network.configuration("one"))
            var configuration = network.configuration("two")
            configuration.p2pPort = first.port
            let error = await failure(configuration)
            #expect(error?.kind == .address)
            #expect(error?.reason == "cannot listen on 127.0.0.1:\(first.port): address already in use")
            #expect(error?.remedy.contains("`p2p_port`") == true)
            // It has let go of its store again.
            _ = try LMDBStore(directory: network.dataPath("two"), access: .existing)
        }
    }

    @Test func aMissingGenesisIsNamed() async throws {
        var configuration = network.configuration("one")
        configuration.genesisPath = network.directory.file("nowhere.json")
        let error = await failure(configuration)
        #expect(error?.kind == .file(.missing))
        #expect(error?.reason == "there is no genesis file at \(configuration.genesisPath)")
        #expect(!FileManager.default.fileExists(atPath: configuration.dataDir))
    }

    @Test func aGenesisThatIsNoneIsNamed() async throws {
        var configuration = network.configuration("one")
        configuration.genesisPath = network.directory.file("bad.json")
        try Data("{".utf8).write(to: URL(fileURLWithPath: configuration.genesisPath))
        let error = await failure(configuration)
        #expect(error?.kind == .genesis)
        #expect(error?.reason.contains(configuration.genesisPath) == true)
    }

    @Test func aKeyThatOthersCanReadIsRefusedWithTheRemedy() async throws {
        try network.write(network.authorities[0], to: network.keyPath(0), mode: 0o644)
        let error = await failure(network.configuration("one", authority: 0))
        #expect(error?.kind == .file(.permission))
        #expect(error?.remedy.contains("chmod 600") == true)
    }

    @Test func aProducerWhoseKeyIsNoAuthorityIsRefused() async throws {
        var configuration = network.configuration("one", authority: 0)
        configuration.privateKey = network.directory.file("stranger.key")
        try network.write(network.user, to: network.directory.file("stranger.key"))
        let error = await failure(configuration)
        #expect(error?.kind == .configuration)
        let text = error?.description ?? ""
        #expect(text.contains(network.user.address.checksummed.text) && text.contains("node_type: full"))
    }

    @Test func aProducerWithoutAKeyIsRefused() async throws {
        var configuration = network.configuration("one", authority: 0)
        configuration.privateKey = nil
        let error = await failure(configuration)
        #expect(error?.kind == .configuration)
        let text = error?.description ?? ""
        #expect(text.contains("private_key"))
    }

    @Test func dataOfAnotherGenesisIsRefused() async throws {
        let other = try TestNetwork(name: "other")
        try await withNodes { nodes in
            _ = try await nodes.start(network.configuration("one"))
        }
        var configuration = network.configuration("one")
        configuration.genesisPath = other.genesisPath
        let error = await failure(configuration)
        #expect(error?.kind == .otherGenesis)
        let text = error?.description ?? ""
        #expect(text.contains(configuration.dataDir) && text.contains("data_dir"))
    }

    @Test func dataInUseIsRefused() async throws {
        try await withNodes { nodes in
            _ = try await nodes.start(network.configuration("one"))
            let error = await failure(network.configuration("one"))
            #expect(error?.kind == .store)
            let text = error?.description ?? ""
            #expect(text.contains("\(ProcessInfo.processInfo.processIdentifier)"))
        }
    }

    @Test func aStoppedNodeLeavesItsPortAndItsStoreFree() async throws {
        var configuration = network.configuration("one", authority: 0)
        for _ in 0..<5 {
            let node = try await Node.start(configuration)
            configuration.p2pPort = node.port
            // A peer that is connected, and one that asks for blocks at the last moment.
            let peer = try await WirePeer.connect(to: node.port, genesis: network.genesis)
            peer.send(.blockRequest, Array("0-99".utf8))
            await node.stop()
            #expect(await node.status() == nil)
            // The node is still referred to here; its store must be closed all the same.
            let store = try LMDBStore(directory: configuration.dataDir, access: .existing)
            #expect(try store.head() != nil)
            try await eventually("the peer hears of the end") { peer.isClosed }
        }
    }

    @Test func anIdentityIsMadeOnceAndKept() async throws {
        let configuration = network.configuration("one")
        let path = configuration.dataDir + "/node.key"
        try await withNodes { nodes in
            _ = try await nodes.start(configuration)
        }
        let made = try Data(contentsOf: URL(fileURLWithPath: path))
        try await withNodes { nodes in
            _ = try await nodes.start(configuration)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == made)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    }
}
