import Foundation
import PodoruConfiguration
import Primitives
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
                "PODORU_MAX_PEERS": " 8 ", "PODORU_BOOTSTRAP_PEERS": "b:2, [::1]:9000,", "PODORU_PRIVATE_KEY": "",
                "PODORU_LOG_LEVEL": "debug",
                "PODORU_IDLE_TIMEOUT": "20s", "MAX_PEERS": "9",
            ])
        #expect(read.maxPeers == 8)
        #expect(read.bootstrapPeers == ["b:2", "[::1]:9000"])
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

    @Test func aSlipInAVariablesNameIsAnErrorAndAForeignNameIsNot() {
        #expect(
            complaints("", environment: ["PODORU_MAX_PEER": "8"]) == [
                "PODORU_MAX_PEER: no key belongs to this variable; the nearest known one is PODORU_MAX_PEERS: set that, or unset this one"
            ])
        #expect(
            complaints("", environment: ["PODORU_SERVICE_HOST": "10.0.0.1", "PODORU_PORT_8545_TCP": "tcp://10.0.0.1:8545", "HOME": "/"])
                == [])
    }

    @Test func theProcessHasItsVariables() {
        let expected = ProcessInfo.processInfo.environment.filter { $0.key.hasPrefix("P") }
        #expect(!expected.isEmpty)  // PATH, PWD
        #expect(ProcessEnvironment.variables(beginningWith: "P") == expected)
    }
}
