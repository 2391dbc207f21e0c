import Foundation
import TestKit
import Testing

@testable import NodeClient
@testable import Operator

/// `podoru doctor` beside real nodes, dead ones, and programs that are none.
@Suite(.timeLimit(.minutes(3))) struct DoctorCommandTests {
    let tool: CommandLineTool
    let address: String
    let chainID: String

    /// A folder with `producer.key` and `genesis.json`, and no node.
    init() throws {
        tool = try CommandLineTool()
        address = try tool.run("keygen", "-o", "producer.key").output.line
        _ = try tool.run("genesis", "-a", address, "-o", "genesis.json")
        chainID = try Examined.chainID(of: tool)
    }

    /// A configuration of a node that does not run, on free ports of this machine.
    private func write(_ lines: String..., file: String = "node.yaml", bind: String = "127.0.0.1") throws {
        let port = try FreePorts.first(of: 2)
        let text = """
            genesis_path: "genesis.json"
            data_dir: "data"
            p2p_bind_addr: "\(bind)"
            p2p_port: \(port)
            api_port: \(port + 1)

            """
        // A key that a test sets stands once.
        let kept = text.split(separator: "\n").filter { line in !lines.contains { $0.hasPrefix(line.prefix { $0 != ":" } + ":") } }
        try tool.write(file, (kept.map(String.init) + lines).joined(separator: "\n") + "\n")
    }

    // MARK: A node

    @Test func aRunningNodeIsWellAndIsLeftAsItIs() async throws {
        let port = try FreePorts.first(of: 2)
        let chain = try await RunningChain(p2pPort: port, apiPort: port + 1)
        let before = try FileManager.default.contentsOfDirectory(atPath: chain.tool.folder.appendingPathComponent("data").path).sorted()
        let report = try Examined(chain.tool)
        #expect(report.outcomes("configuration") == ["ok"] && report.outcomes("genesis") == ["ok"] && report.outcomes("key") == ["ok"])
        #expect(report.outcomes("data") == ["ok"])
        #expect(report.seen("p2p_port").hasPrefix("port \(port) is held by this node (process "))
        #expect(report.seen("api_port").hasPrefix("port \(port + 1) is held by this node (process "))
        #expect(report.outcomes("node") == ["ok"] && report.seen("node").contains("at height"), "\(report)")
        #expect(report.seen("disk").contains("a small write takes") || report.outcomes("disk") != ["ok"])
        #expect(report.code == 0, "\(report)")
        let after = try FileManager.default.contentsOfDirectory(atPath: chain.tool.folder.appendingPathComponent("data").path).sorted()
        #expect(before == after)
        #expect(try await chain.stop() == 0)
        #expect(!chain.log.contains("warning"), "\(chain.log)")
    }

    @Test func aStoppedNodeIsWellToo() async throws {
        let port = try FreePorts.first(of: 2)
        let chain = try await RunningChain(p2pPort: port, apiPort: port + 1)
        try await chain.stop()
        let report = try Examined(chain.tool)
        #expect(report.seen("p2p_port") == "port \(port) is free" && report.seen("api_port") == "port \(port + 1) is free")
        #expect(report.outcomes("node") == ["skipped"] && report.seen("node") == "the node does not run")
        #expect(report.seen("data").contains("a store of"))
        #expect(report.code == 0, "\(report)")
    }

    @Test func anotherNodeOnThePortIsToldFromOurs() async throws {
        let port = try FreePorts.first(of: 2)
        let chain = try await RunningChain(p2pPort: port, apiPort: port + 1)
        let text = try chain.tool.read("node.yaml").replacingOccurrences(of: "\"data\"", with: "\"other\"")
        try chain.tool.write("node.yaml", text)
        let report = try Examined(chain.tool)
        #expect(report.outcomes("p2p_port") == ["failure"] && report.outcomes("api_port") == ["failure"])
        #expect(report.seen("p2p_port").contains("another node of this chain"))
        #expect(report.code == 69)
    }

    @Test func peersOfThisChainAndOfAnotherAreToldApart() async throws {
        let port = try FreePorts.first(of: 2)
        let chain = try await RunningChain(p2pPort: port, apiPort: port + 1)
        try write("bootstrap_peers: [\"127.0.0.1:\(port)\"]")
        let foreign = try Examined(tool)
        #expect(foreign.outcomes("peer") == ["failure"] && foreign.seen("peer").contains("is on another chain"))
        #expect(foreign.code == 69)
        try FileManager.default.removeItem(at: tool.folder.appendingPathComponent("genesis.json"))
        try tool.write("genesis.json", try chain.tool.read("genesis.json"))
        let same = try Examined(tool)
        #expect(same.outcomes("peer") == ["ok"] && same.seen("peer").contains("same chain"))
        #expect(["ok", "warning"].contains(same.outcomes("clock").first))
        #expect(same.code == 0, "\(same)")
    }

    // MARK: Peers that are of no use

    @Test func aDeadPeerIsAWarningBesideAGoodOneAndAFailureAlone() throws {
        let good = try FakePeer.node(chainID: chainID)
        defer { good.stop() }
        let dead = "127.0.0.1:\(try FreePorts.first(of: 1))"
        try write("bootstrap_peers: [\"\(dead)\", \"\(good.endpoint)\"]")
        let beside = try Examined(tool)
        #expect(beside.outcomes("peer") == ["warning", "ok"] && beside.code == 0, "\(beside)")
        #expect(beside.seen("peer").contains("connection refused"))
        try write("bootstrap_peers: [\"\(dead)\"]")
        let alone = try Examined(tool)
        #expect(alone.outcomes("peer") == ["failure"] && alone.code == 69)
    }

    @Test func aPeerThatNeverAnswersIsNotWaitedForForLong() throws {
        let silent = try FakePeer()
        defer { silent.stop() }
        try write("bootstrap_peers: [\"\(silent.endpoint)\"]")
        let began = ContinuousClock.now
        let report = try Examined(tool, timeout: nil)
        #expect(report.seen("peer").contains("sent no handshake in time"))
        #expect(report.code == 69 && silent.connections > 0)
        #expect(ContinuousClock.now - began < .seconds(20), "4 s, and what a busy machine adds")
    }

    @Test func aGoNodeIsToldByItsDialect() throws {
        let json = Array(#"{"type":11,"payload":{},"from":""}"#.utf8)
        let goNode = try FakePeer(saying: [0, 0, 0, UInt8(json.count)] + json)
        defer { goNode.stop() }
        let gone = try FakePeer(stays: false)
        defer { gone.stop() }
        let web = try FakePeer(saying: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        defer { web.stop() }
        try write("bootstrap_peers: [\"\(goNode.endpoint)\", \"\(gone.endpoint)\", \"\(web.endpoint)\"]")
        let report = try Examined(tool)
        #expect(report.outcomes("peer") == ["failure", "failure", "failure"])
        #expect(report.all("peer")[0].contains("the dialect of the published Go node"))
        #expect(report.all("peer")[1].contains("closed the connection before its handshake"))
        #expect(report.all("peer")[2].contains("announced a frame of"))
    }

    @Test func aNameThatIsNoneIsToldFromANodeThatIsDown() throws {
        try write("bootstrap_peers: [\"no-such-node.invalid:9000\"]")
        let report = try Examined(tool)
        #expect(report.outcomes("peer") == ["failure"] && report.seen("peer").contains("the name leads to no address"), "\(report)")
    }

    @Test(arguments: [(0, "ok"), (-5, "warning"), (60, "failure")]) func theClockIsHeldAgainstThePeers(ahead: Int, outcome: String) throws {
        let peers = try (0..<3).map { try FakePeer.node(chainID: chainID, ahead: $0 == 0 ? 0 : Int64(ahead)) }
        defer { for peer in peers { peer.stop() } }
        try write("bootstrap_peers: [\(peers.map { "\"\($0.endpoint)\"" }.joined(separator: ", "))]")
        let report = try Examined(tool)
        // Where the kernel says that nobody sets the clock, that is worth a warning of its own.
        let isUnkept = report.seen("clock").hasPrefix("not kept in step")
        #expect(report.outcomes("clock") == [outcome == "ok" && isUnkept ? "warning" : outcome], "\(report.seen("clock"))")
        #expect(report.code == (outcome == "failure" ? 69 : 0), "\(report)")
    }

    // MARK: Mistakes

    @Test func everyMistakeOfTheConfigurationHasItsPlace() throws {
        try tool.write("node.yaml", "p2p_pport: 9000\nmax_peers: many\n")
        let report = try Examined(tool)
        #expect(report.code == 78 && report.outcomes("configuration") == ["failure", "failure"])
        #expect(report.all("configuration")[0].hasPrefix("node.yaml:1:1: unknown key 'p2p_pport'"))
        #expect(report.all("configuration")[1].hasPrefix("node.yaml:2:"))
        #expect(report.outcomes("peer") == ["skipped"])
    }

    @Test func aKeyThatOthersCanReadFails() throws {
        try write("node_type: producer", "private_key: \"producer.key\"")
        #expect(try Examined(tool).outcomes("key") == ["ok"])
        try tool.write("producer.key", try tool.read("producer.key"), mode: 0o644)
        let report = try Examined(tool)
        #expect(report.outcomes("key") == ["failure"] && report.code == 78)
        #expect(report.seen("key").contains("mode 0644") && report.remedy("key").contains("chmod 600 producer.key"))
    }

    @Test func aKeyOfNoAuthorityFailsForAProducerOnly() throws {
        _ = try tool.run("keygen", "-o", "other.key")
        try write("node_type: producer", "private_key: \"other.key\"")
        let report = try Examined(tool)
        #expect(report.outcomes("key") == ["failure"] && report.seen("key").contains("is not one of the authorities"))
        try write("private_key: \"other.key\"")
        #expect(try Examined(tool).outcomes("key") == ["ok"])
    }

    @Test func aGenesisThatIsMissingOrBrokenFails() throws {
        try write("genesis_path: \"nowhere.json\"")
        let missing = try Examined(tool)
        #expect(missing.outcomes("genesis") == ["failure"] && missing.code == 78)
        try tool.write("broken.json", "{\"authorities\":")
        try write("genesis_path: \"broken.json\"")
        #expect(try Examined(tool).outcomes("genesis") == ["failure"])
        try write("authorities: [\"0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf\"]")
        let others = try Examined(tool)
        #expect(
            others.outcomes("genesis") == ["failure"]
                && others.seen("genesis").contains(":1: authorities: they differ from those of the genesis"))
    }

    @Test func aPortThatAnotherProgramHasFails() throws {
        let program = try FakePeer(stays: false)
        defer { program.stop() }
        let web = try FakeNode()
        defer { web.stop() }
        try write("p2p_port: \(program.port)", "api_port: \(web.port)")
        let report = try Examined(tool)
        #expect(report.outcomes("p2p_port") == ["failure"] && report.outcomes("api_port") == ["failure"])
        #expect(report.remedy("p2p_port").contains("ss -ltnp"))
        #expect(report.code == 69)
        web.behave()
        #expect(try Examined(tool).seen("api_port").contains("a node of another chain"))
    }

    @Test func withoutAConfigurationThereIsNothingToLookAt() throws {
        if FileManager.default.fileExists(atPath: "/etc/podoru/node.yaml") { return }
        let result = try tool.run("doctor")
        #expect(result.code == 64 && result.errors.contains("--config FILE"))
        #expect(try tool.run("doctor", "--config", "none.yaml").code == 78)
        #expect(try tool.run("doctor", "--timeout", "1h").code == 64)
    }

    // MARK: Where it writes

    @Test func coloursAreForTerminals() async throws {
        try write()
        let piped = try tool.run("doctor", "--config", "node.yaml")
        #expect(piped.output.hasPrefix("podoru doctor  node.yaml\n\nok    configuration  ") && !piped.output.contains("\u{1B}"))
        let terminal = try Terminal(tool, ["doctor", "--config", "node.yaml"], columns: 60)
        #expect(try await terminal.end() == piped.code)
        #expect(terminal.output.contains("\u{1B}[32mok\u{1B}[0m"))
    }
}

/// A run of `podoru doctor --json`, read back.
struct Examined: CustomStringConvertible {
    let code: Int32
    let description: String
    private let findings: [JSONValue]

    /// - Parameter timeout: generous, since the machine may be busy; `nil` is the command's own.
    init(_ tool: CommandLineTool, timeout: String? = "20s", environment: [String: String] = [:]) throws {
        let arguments = ["doctor", "--config", "node.yaml", "--json"] + (timeout.map { ["--timeout", $0] } ?? [])
        let result = try tool.run(arguments, environment: environment)
        code = result.code
        description = result.output + result.errors
        let report = try JSONValue(Array(result.output.line.utf8))
        findings = report["findings"].array ?? []
        #expect(report["exit_code"].int == Int64(result.code))
        #expect(Set(findings.compactMap { $0["check"].text }) == Set(DoctorFinding.Check.allCases.map(\.rawValue)), "every check is told")
        #expect(findings.allSatisfy { ($0["outcome"].text == "ok") == $0["remedy"].isNull }, "\(result.output)")
    }

    private func of(_ check: String) -> [JSONValue] { findings.filter { $0["check"].text == check } }

    func outcomes(_ check: String) -> [String] { of(check).compactMap { $0["outcome"].text } }
    func all(_ check: String) -> [String] { of(check).compactMap { $0["seen"].text } }
    func seen(_ check: String) -> String { all(check).first ?? "" }
    func remedy(_ check: String) -> String { of(check).first?["remedy"].text ?? "" }

    /// The hash of the genesis in the tool's folder.
    static func chainID(of tool: CommandLineTool) throws -> String {
        try tool.write("node.yaml", "genesis_path: \"genesis.json\"\n")
        defer { try? FileManager.default.removeItem(at: tool.folder.appendingPathComponent("node.yaml")) }
        let report = try Examined(tool)
        return String(report.seen("genesis").prefix { $0 != " " })
    }
}
