import Foundation
import TestKit
import Testing

/// A private key where something else belongs: no command shows it, whatever becomes of the command.
@Suite(.timeLimit(.minutes(3))) struct SecretTests {
    private static let key = "af7bc75f29d5156dc98655806253f4a6e1d5eef2cdb918b91169bdcf9a5afcb9"
    private static let spellings = [key, "0x" + key, key.uppercased()]

    private let tool: CommandLineTool

    init() throws {
        tool = try CommandLineTool()
        try tool.write("node.yaml", "api_enabled: false\ndata_dir: data\np2p_bind_addr: 127.0.0.1\np2p_port: 0\n")
        try tool.write("x.key", Self.key)
    }

    /// It failed, and no part of the key is in what it said.
    private func expectSilent(
        _ result: CommandLineTool.Result, _ comment: String, code: Int32? = nil, at location: SourceLocation = #_sourceLocation
    ) {
        let told = (result.output + result.errors).lowercased()
        #expect(result.code != 0 && !told.isEmpty, "\(comment)", sourceLocation: location)
        if let code { #expect(result.code == code, "\(comment): \(told)", sourceLocation: location) }
        for part in [Self.key.prefix(12), Self.key.suffix(12)] {
            #expect(!told.contains(part), "\(comment): \(told)", sourceLocation: location)
        }
    }

    private static let deadline = ["/usr/bin/timeout", "-k", "5", "60"]

    /// `KEY` stands for the key.
    private static let lines = [
        "address KEY", "genesis -a KEY", "genesis -a x.key --balance KEY=1", "genesis -a x.key --timestamp KEY", "genesis -a x.key -o KEY",
        "genesis -a x.key --set KEY", "genesis -a x.key --token-decimals KEY", "tx --key KEY", "tx set --key-file KEY a b",
        "tx transfer KEY 1 --key-file x.key", "tx transfer 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed KEY --key-file x.key",
        "tx set --nonce KEY a b", "tx set --timeout KEY a b", "keygen KEY", "keygen -o KEY", "run --config KEY",
        "run --config node.yaml KEY",
        "check-config KEY", "doctor --config KEY", "doctor --timeout KEY", "status --api KEY", "status --config KEY",
        "admin status --socket KEY",
        "admin status --config KEY", "verify --data-dir KEY", "export --data-dir KEY out", "import --data-dir data KEY",
        "backup --data-dir KEY out", "inspect tx KEY", "inspect KEY -", "devnet --duration KEY", "KEY", "--KEY", "help KEY",
    ]

    @Test(arguments: lines) func noCommandShowsAKeyOnItsCommandLine(line: String) throws {
        for spelling in Self.spellings {
            let arguments = line.split(separator: " ").map { $0.replacingOccurrences(of: "KEY", with: spelling) }
            // Help for no command is help.
            let result = try tool.run(arguments, through: Self.deadline)
            if line.hasPrefix("help"), result.code == 0 { continue }
            expectSilent(result, line)
        }
        #expect(try tool.files.allSatisfy { !$0.lowercased().contains(Self.key) }, "nor is a file named so")
    }

    @Test(arguments: [["run", "--config"], ["check-config"], ["check-config", "--effective"], ["doctor", "--config"]])
    func aKeyInPlaceOfItsFileIsRefusedAndNotShown(command: [String]) throws {
        for spelling in Self.spellings {
            let variable = try tool.run(command + ["node.yaml"], environment: ["PODORU_PRIVATE_KEY": spelling], through: Self.deadline)
            expectSilent(variable, "\(command) with a variable", code: 78)
            #expect((variable.output + variable.errors).contains("could be a private key"))
            for name in ["private_key", "address", "data_dir", "genesis_path", "chain_id", "external_address"] {
                try tool.write("key.yaml", "\(name): \"\(spelling)\"\n")
                expectSilent(try tool.run(command + ["key.yaml"], through: Self.deadline), "\(command) with \(name)", code: 78)
            }
        }
    }

    @Test func theEnvironmentOfOtherCommandsIsNotShownEither() throws {
        for spelling in Self.spellings {
            expectSilent(try tool.run("tx", "set", "a", "b", environment: ["PODORU_KEY_FILE": spelling]), "PODORU_KEY_FILE", code: 65)
            expectSilent(try tool.run("status", environment: ["PODORU_API": spelling]), "PODORU_API", code: 64)
        }
    }

    @Test func aReloadThatFindsAKeyDoesNotLogIt() async throws {
        let chain = try await RunningChain()
        let heard = try await chain.reload(
            chain.configuration + "external_address: \"\(Self.key):1\"\n", until: "the node goes on as before")
        #expect(heard.contains("could be a private key") && !heard.contains(Self.key.prefix(12)), "\(heard)")
        #expect(try await chain.stop() == 0)
    }

    @Test(arguments: ["0x\(key)\n", "0X\(key.uppercased())", "\(key)\r\n"]) func aKeyFileMayHaveAPrefix(text: String) throws {
        try tool.write("p.key", text)
        #expect(try tool.run("address", "p.key").output == (try tool.run("address", "x.key").output))
    }

    @Test func aByteOrderMarkIsNamed() throws {
        let mark = "begins with a byte order mark (UTF-8), which must not be there: save it as UTF-8 without BOM"
        try tool.write("m.key", Data([0xef, 0xbb, 0xbf]) + Data(Self.key.utf8))
        let address = try tool.run("address", "m.key")
        expectSilent(address, "address", code: 65)
        #expect(address.errors.contains("the key file m.key \(mark)"), "\(address.errors)")
        _ = try tool.run("genesis", "-a", "x.key", "-o", "genesis.json")
        try tool.write("m.json", Data([0xef, 0xbb, 0xbf]) + Data(try tool.read("genesis.json").utf8))
        let run = try tool.run(["run", "--config", "node.yaml"], environment: ["PODORU_GENESIS_PATH": "m.json"], through: Self.deadline)
        #expect(run.code == 65 && run.errors.contains("it \(mark)"), "\(run.errors)")
    }
}
