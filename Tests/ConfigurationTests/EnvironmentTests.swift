import Foundation
import PodoruConfiguration
import Primitives
import TestKit
import Testing

struct EnvironmentTests {
    @Test func everyKeyHasItsVariableAndItsDefaultReadsBack() throws {
        for key in ConfigurationKey.all {
            #expect(key.environmentVariable == "PODORU_" + key.name.uppercased())
            // A list is written with commas there, and without brackets or quotes.
            let text = key.defaultText.filter { !"[]\"".contains($0) }
            #expect(try configuration("", environment: [key.environmentVariable: text]) == NodeConfiguration())
        }
    }

    @Test func aVariableStandsAboveTheFile() throws {
        let read = try configuration(
            "max_peers: 7\nbootstrap_peers: [a:1]\nprivate_key: /k\n",
            environment: [
                "PODORU_MAX_PEERS": " 8 ", "PODORU_BOOTSTRAP_PEERS": "b:2, [::1]:9000,", "PODORU_PRIVATE_KEY": "null",
                "PODORU_LOG_LEVEL": "debug", "PODORU_API_PORT": " ",
                "PODORU_IDLE_TIMEOUT": "20s", "MAX_PEERS": "9",
            ])
        #expect(read.maxPeers == 8)
        #expect(read.bootstrapPeers == [.of("b:2"), .of("[::1]:9000")])
        #expect(read.privateKey == nil)
        #expect(read.logLevel == .debug)
        #expect(read.idleTimeout == .seconds(20))
    }

    @Test func aMistakeNamesTheVariable() {
        #expect(
            complaints("", environment: ["PODORU_MAX_PEERS": "many"]) == [
                "PODORU_MAX_PEERS: expected a whole number of peers, found 'many'; write digits, 1 to 1000"
            ])
        #expect(
            complaints("max_peers: 0", environment: ["PODORU_BOOTSTRAP_PEERS": "a:1,b,c"]).map { $0.prefix(23) } == [
                "node.yaml:1:12: max_pee", "PODORU_BOOTSTRAP_PEERS:", "PODORU_BOOTSTRAP_PEERS:",
            ])
        #expect(
            complaints("", environment: ["PODORU_NODE_TYPE": "producer"]) == [
                "PODORU_NODE_TYPE: node_type is producer, but private_key is not set; name the key file that 'podoru keygen' wrote"
            ])
    }

    @Test(arguments: [
        ("MAX_PEER", "MAX_PEERS"), ("P2PPORT", "P2P_PORT"), ("PEERS", "MAX_PEERS"), ("GENESIS", "GENESIS_PATH"), ("PORT", "P2P_PORT"),
        ("DATADIR", "DATA_DIR"), ("LOGLEVEL", "LOG_LEVEL"), ("API_URL", "API_PORT"),
    ]) func aVariableThatIsNoKeysNamesTheNearest(name: String, nearest: String) {
        #expect(
            complaints("", environment: ["PODORU_\(name)": "5"]) == [
                "PODORU_\(name): no key belongs to this variable; the nearest known one is PODORU_\(nearest): set that, or unset this one"
            ])
    }

    @Test func whatOtherPartsOfPodoruReadIsLeftToThem() {
        let names = PodoruVariable.allCases.map(\.rawValue) + ["PODORU_TEST_ALL", "PODORU_TEST_SEED", "PODORU_FUZZ_ROUNDS"]
        for name in names { #expect(complaints("", environment: [name: "x"]) == [], "\(name)") }
        #expect(complaints("", environment: ["HOME": "/", "PODORUX": "1"]) == [])
    }

    /// What Kubernetes 1.31 sets for services named podoru, podoru-p2p and podoru-api, and Docker for a link named podoru.
    static let links = [
        "SERVICE_HOST": "10.96.0.12", "SERVICE_PORT": "9000", "SERVICE_PORT_P2P": "9000", "PORT": "tcp://10.96.0.12:9000",
        "PORT_9000_TCP": "tcp://10.96.0.12:9000", "PORT_9000_TCP_ADDR": "10.96.0.12", "PORT_9000_TCP_PORT": "9000",
        "PORT_9000_TCP_PROTO": "tcp", "P2P_SERVICE_HOST": "10.96.0.12", "P2P_SERVICE_PORT": "9000",
        "P2P_PORT": "tcp://10.96.0.12:9000", "P2P_PORT_9000_TCP_ADDR": "10.96.0.12", "API_PORT": "tcp://10.96.0.13:8545",
        "API_PORT_8545_TCP": "tcp://10.96.0.13:8545", "API_SERVICE_PORT_HTTP": "8545", "NAME": "/web/podoru", "ENV_GOPATH": "/go",
        "DNS_PORT": "udp://10.96.0.14:53",
    ]

    @Test func aServiceLinkIsSomebodyElses() throws {
        let environment = Dictionary(uniqueKeysWithValues: Self.links.map { ("PODORU_" + $0.key, $0.value) })
        let loaded = try LoadedConfiguration(parsing: Array("api_port: 81".utf8), file: "node.yaml", environment: environment)
        #expect(loaded.configuration.p2pPort == 9000 && loaded.configuration.apiPort == 81)
        #expect(
            loaded.notes.map(\.description) == [
                "PODORU_API_PORT: 'tcp://10.96.0.13:8545' is a link to a service, as Kubernetes and Docker set them, and not taken for "
                    + "api_port; set it in the file, or end the links with `enableServiceLinks: false`",
                "PODORU_P2P_PORT: 'tcp://10.96.0.12:9000' is a link to a service, as Kubernetes and Docker set them, and not taken for "
                    + "p2p_port; set it in the file, or end the links with `enableServiceLinks: false`",
            ])
        #expect(complaints("", environment: ["PODORU_P2P_PORT": "tcp"]).count == 1, "what is no link is a mistake as before")
        #expect(complaints("", environment: ["PODORU_SERVICE": "x"]).count == 1)
    }

    @Test func anEmptyVariableCountsAsNotSetForEveryKey() throws {
        let file = "max_peers: 7\nbootstrap_peers: [a:1]\nprivate_key: /k\ndata_dir: /d\nlog_level: debug\n"
        let expected = try configuration(file)
        for key in ConfigurationKey.all {
            for empty in ["", " ", "\t\n"] {
                let loaded = try LoadedConfiguration(
                    parsing: Array(file.utf8), file: "node.yaml", environment: [key.environmentVariable: empty])
                #expect(loaded.configuration == expected, "\(key.name)")
                #expect(loaded.notes.count == 1 && loaded.notes[0].description.hasPrefix("\(key.environmentVariable): empty"))
            }
        }
    }

    @Test func theProcessHasItsVariables() {
        let expected = ProcessInfo.processInfo.environment.filter { $0.key.hasPrefix("P") }
        #expect(!expected.isEmpty)  // PATH, PWD
        #expect(ProcessEnvironment.variables(beginningWith: "P") == expected)
    }
}
