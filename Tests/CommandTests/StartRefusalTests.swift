import Foundation
import TestKit
import Testing

/// `podoru run` where what its configuration names is not as it should be: the exit code, and one sentence with the place of the key, the
/// reason and what to do.
@Suite(.timeLimit(.minutes(5))) struct StartRefusalTests {
    private let tool: CommandLineTool

    init() throws {
        tool = try CommandLineTool()
        for name in ["producer", "other"] { _ = try tool.run("keygen", "-o", "\(name).key") }
        _ = try tool.run("genesis", "-a", "producer.key", "-o", "genesis.json")
        _ = try tool.run("genesis", "-a", "other.key", "-o", "other.json")
    }

    private static let keys = [
        "genesis_path": "genesis.json", "data_dir": "data", "p2p_bind_addr": "127.0.0.1", "p2p_port": "0", "api_enabled": "false",
    ]

    /// Writes `node.yaml` with these keys over sound ones, the named ones first: on line 1, 2 and so on.
    private func configure(_ own: KeyValuePairs<String, String>) throws {
        let rest = Self.keys.filter { key, _ in !own.contains { $0.key == key } }
        let lines = own.map { "\($0.key): \($0.value)\n" } + rest.map { "\($0.key): \($0.value)\n" }
        try tool.write("node.yaml", lines.joined())
    }

    private func run(environment: [String: String] = [:], through: [String] = []) throws -> CommandLineTool.Result {
        try tool.run(["run", "--config", "node.yaml"], environment: environment, through: ["/usr/bin/timeout", "-k", "5", "60"] + through)
    }

    /// The sentence, which comes after what the node has logged by then.
    private func expect(
        _ result: CommandLineTool.Result, _ code: Int32, _ begin: String, _ end: String, at location: SourceLocation = #_sourceLocation
    ) {
        let told = result.errors.split(separator: "\n").last.map(String.init) ?? ""
        #expect(result.code == code, "\(result.errors)", sourceLocation: location)
        #expect(told.hasPrefix(begin) && told.hasSuffix(end), "\(result.errors)", sourceLocation: location)
        #expect(result.output.isEmpty, sourceLocation: location)
    }

    @Test func aGenesisThatIsNotThere() throws {
        try configure(["genesis_path": "nope.json"])
        expect(
            try run(), 66, "node.yaml:1:1: genesis_path: there is no genesis file at nope.json; ", "check the path, or put the file there")
    }

    @Test func aGenesisThatIsNone() throws {
        try tool.write("bad.json", "{")
        try configure(["genesis_path": "bad.json"])
        expect(
            try run(), 65, "node.yaml:1:1: genesis_path: the genesis file bad.json is wrong: ",
            "; correct it, or take the one that the network's other nodes have")
    }

    @Test func aKeyThatOnlyTheEnvironmentNames() throws {
        try configure([:])
        expect(
            try run(environment: ["PODORU_GENESIS_PATH": "nope.json"]), 66, "PODORU_GENESIS_PATH: there is no genesis file at nope.json; ",
            "check the path, or put the file there")
    }

    @Test func aPrivateKeyThatIsNotThere() throws {
        try configure(["node_type": "producer", "private_key": "nope.key"])
        expect(try run(), 66, "node.yaml:2:1: private_key: there is no key file at nope.key; ", "check the path, or put the file there")
    }

    @Test func aPrivateKeyThatOthersCanRead() throws {
        chmod(tool.folder.appendingPathComponent("producer.key").path, 0o644)
        try configure(["node_type": "producer", "private_key": "producer.key"])
        expect(
            try run(), 77, "node.yaml:2:1: private_key: the key file producer.key has mode 0644, so others can read it; ",
            "run `chmod 600 producer.key`")
    }

    @Test func aPrivateKeyThatIsNone() throws {
        try tool.write("bad.key", "zz\n")
        chmod(tool.folder.appendingPathComponent("bad.key").path, 0o600)
        try configure(["node_type": "producer", "private_key": "bad.key"])
        expect(
            try run(), 65,
            "node.yaml:2:1: private_key: the key file bad.key holds other text than the 64 hexadecimal digits of a private key; ",
            "name the file that `podoru keygen` wrote")
    }

    @Test func aProducerWhoIsNoAuthority() throws {
        try configure(["node_type": "producer", "private_key": "other.key"])
        expect(
            try run(), 78, "node.yaml:2:1: private_key: 0x",
            "is not one of the authorities of genesis.json; use an authority's key, or set `node_type: full`")
    }

    @Test func authoritiesThatAreNotThoseOfTheGenesis() throws {
        let other = try tool.run("address", "other.key").output.line
        try configure(["authorities": "[\"\(other)\"]"])
        expect(
            try run(), 78, "node.yaml:1:1: authorities: they differ from those of the genesis genesis.json, which are 0x",
            "; remove `authorities` from the configuration, or use the genesis that they belong to")
    }

    @Test func aPortForPeersThatIsTaken() throws {
        let taken = try TakenPort()
        try configure(["p2p_port": "\(taken.port)"])
        expect(
            try run(), 69, "node.yaml:1:1: p2p_port: cannot listen on 127.0.0.1:\(taken.port): address already in use; ",
            "stop the program that has the port, or choose another `p2p_port`")
    }

    @Test func aPortForTheAPIThatIsTaken() throws {
        let taken = try TakenPort()
        try configure(["api_port": "\(taken.port)", "api_enabled": "true"])
        expect(
            try run(), 69, "node.yaml:1:1: api_port: the HTTP API cannot listen on 127.0.0.1 port \(taken.port): ",
            "stop the program that has the port, or choose another `api_port`")
    }

    @Test(.enabled(if: geteuid() == 0, "not root: nothing can be mounted"))
    func aDataDirOnAReadOnlyFileSystem() throws {
        try configure(["data_dir": "sealed/data"])
        let sealed = tool.folder.appendingPathComponent("sealed").path
        try FileManager.default.createDirectory(atPath: sealed, withIntermediateDirectories: true)
        // As ProtectSystem=strict shows it to a service.
        let mount = "mount --bind \(sealed) \(sealed) && mount -o remount,bind,ro \(sealed) && exec \"$@\""
        expect(
            try run(through: ["/usr/bin/unshare", "-m", "/bin/sh", "-c", mount, "sh"]), 73,
            "node.yaml:1:1: data_dir: cannot create the data directory at sealed/data: Read-only file system (code 30); ",
            "name the folder in ReadWritePaths= of the unit, as the drop-in data-dir.conf in share/podoru does")
    }

    @Test func anAddressThatThisMachineHasNot() throws {
        try configure(["p2p_bind_addr": "203.0.113.1"])
        expect(
            try run(), 69, "node.yaml:1:1: p2p_bind_addr: cannot listen on 203.0.113.1:0: ",
            "choose an address of this machine as `p2p_bind_addr`")
    }

    @Test func anAdminSocketThatCannotBeMade() throws {
        try configure(["api_admin_socket": "nope/a.sock", "api_enabled": "true", "api_port": "0"])
        expect(
            try run(), 73, "node.yaml:1:1: api_admin_socket: cannot make the admin socket nope/a.sock: ",
            "; check its folder, or change `api_admin_socket`")
    }

    @Test func aDataDirectoryThatCannotBeMade() throws {
        try configure(["data_dir": "genesis.json/data"])
        expect(
            try run(), 73, "node.yaml:1:1: data_dir: cannot create the data directory at genesis.json",
            "; choose a folder that can be made, beside no file of its name")
    }

    @Test func dataOfAnotherGenesis() throws {
        try tool.write("none.jsonl", "")
        _ = try tool.run("import", "--data-dir", "data", "--genesis", "other.json", "none.jsonl")
        try configure([:])
        let result = try run()
        #expect(result.code == 78)
        #expect(
            result.errors.contains("genesis_path: data: ") && result.errors.contains("use the genesis of this data, or another `data_dir`"))
    }

    @Test func aSystemThatHasNoRoomForTheNode() throws {
        try configure([:])
        let result = try run(through: ["/bin/sh", "-c", "ulimit -n 10; exec \"$@\"", "sh"])
        #expect(result.code == 70, "\(result.errors)")
        #expect(result.errors.contains("ulimit -n"), "\(result.errors)")
    }
}

/// A port of the loopback address that somebody else has, for as long as this lives.
private final class TakenPort {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        let listener = try listenOnLoopback(port: 0)
        descriptor = listener.descriptor
        port = UInt16(listener.port)
    }

    deinit { close(descriptor) }
}
