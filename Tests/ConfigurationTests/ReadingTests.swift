import Foundation
import PodoruConfiguration
import Primitives
import TestKit
import Testing

struct ReadingTests {
    @Test(arguments: ["", "\n", "# nothing\n", "---\n", "{}", "null", "\u{feff}"]) func anEmptyFileIsAllDefaults(text: String) throws {
        #expect(try configuration(text) == NodeConfiguration())
    }

    /// The reference's own producer file, with its key names.
    @Test func theReferencesKeysAreRead() throws {
        let read = try configuration(
            """
            node_type: producer
            address: "0x3D4b25CBdda1014F74F9C80f040ce1Bb69130CBB"
            private_key: "/data/keys/producer1.key"

            # Network configuration
            p2p_port: 9001
            p2p_bind_addr: "::"
            bootstrap_peers:
              - "172.20.0.11:9000"
              - "[2001:db8::1]:9000"
            max_peers: 60

            api_enabled: false
            api_port: 8546
            api_bind_addr: "0.0.0.0"
            data_dir: "/data"
            authorities:
              - "0x3D4b25CBdda1014F74F9C80f040ce1Bb69130CBB"
              - "0x4aa37EEc2a26a4e04b7b206f32D6C2C63219F5cd"
            block_time: 1m5s
            genesis_path: "/data/genesis.json"
            """)
        var expected = NodeConfiguration()
        let first = try #require(Address("0x3D4b25CBdda1014F74F9C80f040ce1Bb69130CBB"))
        expected.nodeType = .producer
        expected.address = first
        expected.privateKey = "/data/keys/producer1.key"
        expected.p2pPort = 9001
        expected.p2pBindAddr = "::"
        expected.bootstrapPeers = [.of("172.20.0.11:9000"), .of("[2001:db8::1]:9000")]
        expected.maxPeers = 60
        expected.apiEnabled = false
        expected.apiPort = 8546
        expected.apiBindAddr = "0.0.0.0"
        expected.dataDir = "/data"
        expected.authorities = [first, try #require(Address("0x4aa37EEc2a26a4e04b7b206f32D6C2C63219F5cd"))]
        expected.blockTime = .seconds(65)
        expected.genesisPath = "/data/genesis.json"
        #expect(read == expected)
    }

    @Test func aListStandsInBracketsOrOneALineOrIsEmpty() throws {
        for text in ["[\"a:1\", b:2]", "\n  - a:1\n  - \"b:2\"", "\n- a:1\n- b:2"] {
            #expect(try configuration("bootstrap_peers: \(text)").bootstrapPeers == [.of("a:1"), .of("b:2")])
        }
        for text in ["", "[]", "null", "~", "\n  # - a:1"] {
            #expect(try configuration("api_cors_origins: \(text)").apiCORSOrigins == [])
        }
    }

    @Test func durationsAreReadInEveryUnit() throws {
        let times: [(String, Nanoseconds)] = [
            ("250ms", .milliseconds(250)), ("5s", .seconds(5)), ("1m", .seconds(60)), ("1s500ms", .milliseconds(1500)),
            ("\"7s\"", .seconds(7)),
        ]
        for (text, value) in times { #expect(try configuration("handshake_timeout: \(text)").handshakeTimeout == value) }
        #expect(try configuration("rate_limit_patience: 1m30s").rateLimitPatience == .seconds(90))
        #expect(try configuration("block_time: 1h").blockTime == .seconds(3600))
    }

    @Test(arguments: ["s", "5 s", "5S", "5us", "5m5m", "5s5m", "1.5s", "-5s", "+5s", "5sx", "٣s", "1h-1s", "99999999999999999999s"])
    func whatIsNoDurationIsRefused(text: String) {
        #expect(complaints("rate_limit_patience: '\(text)'").count == 1)
    }

    @Test func sizesAreReadInEveryUnit() throws {
        for (text, bytes) in [("3000000", 3_000_000), ("2048KiB", 2 << 20), ("3MiB", 3 << 20), ("\"10MiB\"", 10 << 20)] {
            #expect(try configuration("max_message_bytes: \(text)").maxMessageBytes == bytes)
        }
    }

    @Test(arguments: ["MiB", "5mib", "5 MiB", "-5MiB", "5.5MiB", "1e7", "٣MiB", "5MiBMiB"]) func whatIsNoSizeIsRefused(text: String) {
        #expect(complaints("max_message_bytes: '\(text)'").count == 1)
    }

    @Test func nothingUnsetsAKeyThatMayBeUnset() throws {
        let read = try configuration("private_key: null\nchain_id: ~\naddress:\nexternal_address: null\napi_admin_socket:\n")
        #expect(read == NodeConfiguration())
    }

    @Test func textNeedsNoQuotesWhereYAMLNeedsNone() throws {
        let read = try configuration("chain_id: 42\ndata_dir: /var/lib/podoru data\naddress: 0x3D4b25CBdda1014F74F9C80f040ce1Bb69130CBB")
        #expect(read.chainID == "42")
        #expect(read.dataDir == "/var/lib/podoru data")
        #expect(read.address?.lowercased == "0x3d4b25cbdda1014f74f9c80f040ce1bb69130cbb")
    }

    @Test func aFileIsReadAndOneThatIsMissingIsNamed() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("podoru-\(UUID().uuidString).yaml")
        try Data("max_peers: 7\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(try NodeConfiguration(file: file.path, environment: [:]).maxPeers == 7)
        let missing = file.path + ".missing"
        #expect(throws: ConfigurationFailure.unreadable(path: missing, code: ENOENT, reason: "No such file or directory")) {
            try NodeConfiguration(file: missing, environment: [:])
        }
        #expect { try NodeConfiguration(file: file.deletingLastPathComponent().path, environment: [:]) } throws: {
            if case .unreadable(_, EISDIR, _)? = $0 as? ConfigurationFailure { true } else { false }
        }
    }
}

struct BoundTests {
    private func firstComplaint(_ text: String) -> String { complaints(text).first ?? "none" }

    @Test func aFileOverTheLimitIsNotParsed() {
        let text = String(repeating: "#", count: ConfigurationLimits.maxFileBytes + 1)
        #expect(
            firstComplaint(text)
                == "node.yaml:1:1: the file has more than 1048576 bytes, as no configuration has; check the path: this may be another file")
        #expect(complaints(String(text.dropLast())) == [])
    }

    @Test func deepNestingEndsAtTheLimit() {
        let flow = "data_dir: " + String(repeating: "[", count: 500_000)
        #expect(firstComplaint(flow) == "node.yaml:1:19: nested deeper than 8; write one value, or a list of plain values, after a key")
        let block = (0..<100).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
        #expect(complaints(block).contains("node.yaml:9:9: nested deeper than 8; write one value, or a list of plain values, after a key"))
    }

    @Test func moreValuesThanTheLimitAreNotKept() {
        let text = "bootstrap_peers: [" + String(repeating: "a,", count: 200_000) + "]"
        #expect(
            firstComplaint(text).hasSuffix(
                "the file has more than 10000 values, as no configuration has; check the path: this may be another file"))
    }

    @Test func anAliasBombDoesNotGoOff() {
        var text = "a: &a [x,x,x,x,x,x,x,x,x]\n"
        for (name, previous) in zip("bcdefghi", "abcdefgh") {
            text += "\(name): &\(name) [\(Array(repeating: "*\(previous)", count: 9).joined(separator: ","))]\n"
        }
        #expect(firstComplaint(text) == "node.yaml:1:4: anchors (&name) are not supported; write the value out where it is used")
    }

    @Test func mistakesAreCountedToTheLimit() {
        let text = (0..<500).map { "key\($0): 1\n" }.joined()
        #expect(complaints(text).count == ConfigurationLimits.maxErrors)
    }

    @Test func foreignTextInAMessageIsCutAndClean() {
        let name = String(repeating: "x", count: 500) + "\\u001b[31m"
        let found = complaints("\"\(name)\": 1")
        #expect(found.count == 1)
        #expect(found.allSatisfy { $0.utf8.count < 300 && !$0.unicodeScalars.contains("\u{1b}") })
        #expect(complaints("\"a\\e[31m\": 1").allSatisfy { !$0.unicodeScalars.contains("\u{1b}") })
    }

    @Test func damagedFilesNeverCrashTheReader() {
        var random = printedSeed(for: "damaged configurations")
        let manual = Array(ConfigurationManual.yaml.utf8)
        let alphabet = Array("\t\n \"'[]{}:,-#&*!|>%@`\\?~".utf8) + [0, 0x1b, 0x7f, 0x80, 0xc3, 0xe2, 0xff]
        for _ in 0..<60 {
            var text = manual
            for _ in 0...random.below(4) {
                let position = random.below(text.count)
                switch random.below(3) {
                case 0: text[position] = random.pick(alphabet)
                case 1: text.insert(random.pick(alphabet), at: position)
                default: text.removeSubrange(position..<min(position + 1 + random.below(200), text.count))
                }
            }
            let lines = text.count { $0 == 0x0a } + 1
            guard case .invalid(let errors) = failure(text) else { continue }
            #expect(!errors.isEmpty)
            for error in errors {
                guard case .file("node.yaml", let line, let column) = error.place else { continue }
                // A CR or another line end of Unicode also counts for libyaml.
                #expect(line >= 1 && column >= 1 && line <= lines + 8)
            }
        }
    }

    private func failure(_ text: [UInt8]) -> ConfigurationFailure? {
        do throws(ConfigurationFailure) {
            _ = try NodeConfiguration(parsing: text, file: "node.yaml")
            return nil
        } catch {
            return error
        }
    }
}
