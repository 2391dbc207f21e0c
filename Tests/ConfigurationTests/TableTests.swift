import Foundation
import Network
import Peering
import PodoruConfiguration
import Primitives
import Sync
import TestKit
import Testing

struct TableTests {
    /// `operations.md`, "Configuration", and what `ledger.md` and `protocol.md` ask for beside it.
    static let specified: [(name: String, defaultText: String)] = [
        ("node_type", "full"), ("address", "null"), ("private_key", "null"), ("p2p_port", "9000"), ("p2p_bind_addr", "\"0.0.0.0\""),
        ("bootstrap_peers", "[]"), ("max_peers", "50"), ("api_enabled", "true"), ("api_port", "8545"), ("api_bind_addr", "\"127.0.0.1\""),
        ("data_dir", "\"./data\""), ("authorities", "[]"), ("block_time", "5s"), ("genesis_path", "\"./genesis.json\""),
        ("chain_id", "null"),
        ("external_address", "null"), ("max_peers_per_ip", "3"), ("ip_limit_exempt", "[]"), ("min_outbound_peers", "8"),
        ("private_peers", "[]"),
        ("rate_limit_messages_per_second", "100"), ("rate_limit_burst", "100"), ("max_message_bytes", "10MiB"),
        ("handshake_timeout", "10s"),
        ("idle_timeout", "25s"), ("sync_batch_size", "100"), ("sync_threshold", "10"), ("log_level", "info"), ("log_format", "text"),
        ("api_cors_origins", "[\"*\"]"), ("api_admin_socket", "null"), ("metrics_enabled", "true"), ("producer_takeover", "false"),
        ("rate_limit_patience", "30s"), ("api_max_connections", "4096"), ("api_max_websocket_clients", "1000"),
        ("api_requests_per_second", "1000"), ("api_trusted_proxies", "[]"),
    ]

    @Test func theTableHasEverySpecifiedKeyWithItsDefaultAndNoOther() {
        #expect(Set(ConfigurationKey.all.map(\.name)) == Set(TableTests.specified.map(\.name)))
        #expect(ConfigurationKey.all.count == TableTests.specified.count)
        for (name, text) in TableTests.specified { #expect(ConfigurationKey.named(name)?.defaultText == text) }
    }

    @Test func everyPropertyHasAKey() {
        #expect(Mirror(reflecting: NodeConfiguration()).children.count == ConfigurationKey.all.count)
    }

    @Test func everyKeyHasAnotherProperty() throws {
        var seen: Set<NodeConfiguration> = []
        for (key, text) in others { seen.insert(try configuration("\(key): \(text)\(key == "node_type" ? "\nprivate_key: k" : "")")) }
        #expect(seen.count == ConfigurationKey.all.count)
    }

    /// A value other than the default for each key.
    private let others = [
        "node_type": "producer", "address": "\"0x3D4b25CBdda1014F74F9C80f040ce1Bb69130CBB\"", "private_key": "/a \\ b'c", "p2p_port": "1",
        "p2p_bind_addr": "\"::\"", "bootstrap_peers": "[\"a:1\", \"[::1]:2\"]", "max_peers": "1000", "api_enabled": "false",
        "api_port": "2",
        "api_bind_addr": "\"::1\"", "data_dir": "\"/d\"", "authorities": "[\"0x3D4b25CBdda1014F74F9C80f040ce1Bb69130CBB\"]",
        "block_time": "1s",
        "genesis_path": "g", "chain_id": "\"x \\\" y\"", "external_address": "\"h:3\"", "max_peers_per_ip": "4",
        "ip_limit_exempt": "[\"10.0.0.0/8\", \"2001:db8::/32\"]", "min_outbound_peers": "0", "private_peers": "[\"p:4\"]",
        "rate_limit_messages_per_second": "1", "rate_limit_burst": "2", "max_message_bytes": "3MiB", "handshake_timeout": "100ms",
        "idle_timeout": "1s500ms", "sync_batch_size": "99", "sync_threshold": "1", "log_level": "trace", "log_format": "json",
        "api_cors_origins": "[\"https://a.b\", \"http://[::1]:3000\"]", "api_admin_socket": "/run/s", "metrics_enabled": "false",
        "producer_takeover": "true", "rate_limit_patience": "1h", "api_max_connections": "10", "api_max_websocket_clients": "0",
        "api_requests_per_second": "0", "api_trusted_proxies": "[\"127.0.0.0/8\", \"::1/128\"]",
    ]

    @Test func whatIsWrittenReadsBackToTheSame() throws {
        let all = try configuration(others.map { "\($0): \($1)\n" }.joined())
        let written = ConfigurationKey.all.map { "\($0.name): \($0.text(in: all))\n" }.joined()
        #expect(try configuration(written) == all)
        #expect(all.changes(from: NodeConfiguration()).count == ConfigurationKey.all.count)
    }
}

/// What other modules know too: a default stands once, so the parts of the core must take it from there as well.
struct AgreementTests {
    private let defaults = NodeConfiguration()

    private func accepts(_ text: String) -> Bool { complaints(text).isEmpty }

    @Test func noKeyGoesBeyondTheLimitsOfTheWire() {
        #expect(!accepts("max_message_bytes: \(NetworkLimits.maxFrameBytes + 1)"))
        #expect(!accepts("sync_batch_size: \(NetworkLimits.rangeCount + 1)"))
    }

    @Test func peeringTakesWhatAKeyMaySay() {
        #expect(ConfigurationLimits.maxListCount == PeeringLimits.maxBootstrapPeers)
        #expect(accepts("max_peers: \(NodeDefaults.maxPeersCeiling)"))
        #expect(!accepts("max_peers: \(NodeDefaults.maxPeersCeiling + 1)"))
        let ceiling = NodeDefaults.idleTimeoutCeiling / .milliseconds(1)
        #expect(accepts("idle_timeout: \(ceiling)ms"))
        #expect(!accepts("idle_timeout: \(ceiling + 1)ms"))
    }

    @Test func syncBeginsWithTheSameDefaults() {
        let sync = SyncConfiguration()
        #expect(defaults.syncBatchSize == sync.batchCount)
        #expect(UInt64(defaults.syncThreshold) == sync.threshold)
    }
}

struct ManualTests {
    static let file = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
            "deploy/config/node.yaml")

    /// After a change of the table: `UPDATE_MANUAL=1 swift test --filter ManualTests`.
    @Test func theDeployedManualIsTheTables() throws {
        if ProcessInfo.processInfo.environment["UPDATE_MANUAL"] != nil {
            try Data(ConfigurationManual.yaml.utf8).write(to: ManualTests.file, options: .atomic)
        }
        let text = try String(contentsOf: ManualTests.file, encoding: .utf8)
        #expect(text == ConfigurationManual.yaml)
    }

    @Test func theDeployedManualParsesToTheDefaults() throws {
        #expect(try NodeConfiguration(file: ManualTests.file.path, environment: [:]) == NodeConfiguration())
    }

    @Test func theDeployedManualListsEveryKeyOnceWithItsTypeAndDefault() throws {
        let lines = try String(contentsOf: ManualTests.file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
        for key in ConfigurationKey.all {
            let places = lines.indices.filter { lines[$0].hasPrefix(key.name + ":") }
            #expect(places.count == 1)
            guard let place = places.first else { continue }
            #expect(lines[place] == "\(key.name): \(key.defaultText)")
            #expect(lines[place - 1].hasPrefix("# Type: \(key.typeText)."))
            #expect(lines[place - 2].hasPrefix("# ") && !key.help.isEmpty)
        }
        #expect(lines.allSatisfy { $0.count <= 120 })
    }
}

struct ChangeTests {
    @Test func equalConfigurationsHaveNoChanges() {
        #expect(NodeConfiguration().changes(from: NodeConfiguration()).isEmpty)
    }

    @Test func changesSayWhatAndWhen() {
        var new = NodeConfiguration()
        new.maxPeers = 80
        new.bootstrapPeers = [.of("a:1")]
        new.p2pPort = 9001
        let changes = new.changes(from: NodeConfiguration())
        #expect(
            changes.map(\.description) == [
                "p2p_port: 9000 -> 9001 (at the next start)", "bootstrap_peers: [] -> [\"a:1\"]", "max_peers: 50 -> 80",
            ])
        #expect(changes.map(\.needsRestart) == [true, false, false])
    }

    /// `operations.md`: "SIGHUP re-reads what can change at run time (log level, peers, limits)".
    @Test func logLevelPeersAndLimitsChangeAtRunTime() {
        let atRunTime = [
            "log_level", "bootstrap_peers", "private_peers", "max_peers", "min_outbound_peers", "max_peers_per_ip", "ip_limit_exempt",
            "rate_limit_messages_per_second", "rate_limit_burst", "rate_limit_patience", "handshake_timeout", "idle_timeout",
            "api_max_connections", "api_max_websocket_clients", "api_requests_per_second", "api_trusted_proxies",
        ]
        #expect(Set(ConfigurationKey.all.filter { $0.reload == .atRunTime }.map(\.name)) == Set(atRunTime))
    }
}

struct ManPageTests {
    static let file = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
            "deploy/man/podoru.yaml.5")

    /// After a change of the table: `UPDATE_MANUAL=1 swift test --filter ManPageTests`.
    @Test func theDeployedPageIsTheTables() throws {
        if ProcessInfo.processInfo.environment["UPDATE_MANUAL"] != nil {
            try Data(ConfigurationManPage.text.utf8).write(to: ManPageTests.file, options: .atomic)
        }
        #expect(try String(contentsOf: ManPageTests.file, encoding: .utf8) == ConfigurationManPage.text)
    }

    @Test func everyKeyHasAnEntry() {
        for key in ConfigurationKey.all { #expect(ConfigurationManPage.text.contains(".TP\n.BR \(key.name) ")) }
    }
}
