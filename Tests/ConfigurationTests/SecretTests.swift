import PodoruConfiguration
import Primitives
import Testing

/// A private key in a configuration, wherever it is put.
struct SecretTests {
    static let key = "af7bc75f29d5156dc98655806253f4a6e1d5eef2cdb918b91169bdcf9a5afcb9"
    static let spellings = [
        key, "0x" + key, key.uppercased(), "0X" + key.uppercased(), "  \(key) ", "/etc/\(key)", "\(key):9000", "\(key.prefix(63))",
        "https://\(key)", "\(key.prefix(32)) \(key.suffix(32))",
    ]

    /// A complaint, and one that shows nothing of the key.
    private func expectRefused(_ told: [String], _ comment: String, at location: SourceLocation = #_sourceLocation) {
        #expect(!told.isEmpty, "\(comment)", sourceLocation: location)
        for line in told {
            #expect(!line.lowercased().contains(Self.key.prefix(12)), "\(comment): \(line)", sourceLocation: location)
            #expect(!line.lowercased().contains(Self.key.suffix(12)), "\(comment): \(line)", sourceLocation: location)
        }
    }

    @Test(arguments: spellings) func noKeyTakesItAndNoComplaintShowsIt(text: String) {
        for key in ConfigurationKey.all {
            for value in ["\"\(text)\"", "[\"\(text)\"]", "{\"\(text)\": 1}", "[[\"\(text)\"]]"] {
                expectRefused(complaints("\(key.name): \(value)"), "\(key.name): \(value)")
            }
            expectRefused(complaints("", environment: [key.environmentVariable: text]), key.environmentVariable)
            expectRefused(complaints("", environment: [key.environmentVariable: "a:1,\(text)"]), key.environmentVariable)
        }
    }

    @Test func aKeyInPlaceOfTheWholeFileIsNotShown() {
        for text in [Self.key, "0x\(Self.key)\n", "\(Self.key): 1", "? \(Self.key)", "- \(Self.key)"] {
            expectRefused(complaints(text), text)
        }
        expectRefused(complaints("", environment: ["PODORU_\(Self.key.uppercased())": "1"]), "a variable's name")
    }

    @Test func theNameOfAFileIsNotShownEither() {
        do {
            _ = try NodeConfiguration(parsing: Array("x".utf8), file: Self.key)
            Issue.record("that is no configuration")
        } catch {
            expectRefused(["\(error)"], "a file's name")
        }
        #expect(throws: ConfigurationFailure.self) { try NodeConfiguration(file: "/nowhere/\(Self.key)") }
        expectRefused(["\(ConfigurationFailure.unreadable(path: Self.key, code: 2, reason: "none"))"], "a file that is not there")
    }

    @Test func theKeyItselfIsToldFromItsFile() {
        let remedy = "write the key into a file of its own (mode 0600) and name that file here; who could read this may have the key"
        let reason = "64 hexadecimal digits could be a private key, and are not taken here"
        #expect(complaints("private_key: \(Self.key)") == ["node.yaml:1:14: private_key: \(reason); \(remedy)"])
        #expect(complaints("", environment: ["PODORU_PRIVATE_KEY": "0x\(Self.key)\n"]) == ["PODORU_PRIVATE_KEY: \(reason); \(remedy)"])
    }

    @Test func theHashOfTheGenesisAsChainIDIsLeftOut() {
        #expect(
            complaints("chain_id: \"0x\(Self.key)\"") == [
                "node.yaml:1:11: chain_id: 64 hexadecimal digits could be a private key, and are not taken here; "
                    + "remove the key: not set, it is the hash of the genesis block"
            ])
    }
}

struct PathTextTests {
    static let paths = ["data_dir", "genesis_path", "private_key", "api_admin_socket"]

    @Test(arguments: paths) func whatOnlyAShellExpandsIsRefused(key: String) {
        #expect(
            complaints("\(key): ~/x").map { $0.drop { $0 != "'" } } == [
                "'~/x' begins with ~, which only a shell expands; write the path from / on, or ./~/x for what really has that name"
            ])
        for path in ["~podoru/x", "~x", "$HOME/x", "${HOME}/x"] {
            #expect(complaints("\(key): '\(path)'").count == 1, "\(path)")
            #expect(complaints("", environment: ["PODORU_\(key.uppercased())": path]).count == 1, "\(path)")
        }
        for path in ["./~/x", "x~", "a/~b", "./$HOME", "a$b"] { #expect(complaints("\(key): '\(path)'").isEmpty, "\(path)") }
    }

    @Test(arguments: paths) func aURLIsNoPath(key: String) {
        for (text, path) in [("file:///etc/x", "/etc/x"), ("unix:/run/x", "/run/x"), ("unix:///run/x", "/run/x")] {
            #expect(complaints("\(key): '\(text)'").first?.hasSuffix(": write \(path)") == true, "\(complaints("\(key): '\(text)'"))")
        }
    }
}

struct ByteOrderMarkTests {
    @Test func aFileThatBeginsWithAMarkIsReadLikeOneWithout() throws {
        let text = "p2p_port: 9001\nmax_peers: 7\n"
        let expected = try configuration(text)
        #expect(try NodeConfiguration(parsing: [0xef, 0xbb, 0xbf] + Array(text.utf8), file: "node.yaml") == expected)
        #expect(complaintsOf([0xef, 0xbb, 0xbf] + Array("p2p_port: x".utf8)).first?.hasPrefix("node.yaml:1:11: p2p_port: ") == true)
    }
}
