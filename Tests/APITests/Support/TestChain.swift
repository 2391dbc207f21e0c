import Foundation
import Ledger
import PodoruConfiguration
import Primitives

/// A small chain of its own, with one authority and blocks every second.
final class TestChain: Sendable {
    let authority: PrivateKey
    let user: PrivateKey
    let genesis: Genesis
    let directory = TemporaryDirectory()

    init() throws {
        authority = try PrivateKey(bytes: [UInt8](repeating: 1, count: 32))
        user = try PrivateKey(bytes: [UInt8](repeating: 99, count: 32))
        genesis = try Genesis(
            GenesisConfiguration(
                timestamp: Int64(Date().timeIntervalSince1970) - 60, authorities: [authority.address.checksummed],
                initialState: ["chain:rules": "strict", "chain:block_time": "1s"], token: .standard, gas: GasConfiguration(),
                initialBalances: [user.address.lowercased: "1000000000000000000000"]))
        try Data(genesis.configuration.json).write(to: URL(fileURLWithPath: directory.file("genesis.json")))
        try Data(Hex.encode(authority.secretBytes)).write(to: URL(fileURLWithPath: directory.file("key")))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: directory.file("key"))
    }

    /// Makes `configuration` that of a node on this chain.
    func configure(_ configuration: inout NodeConfiguration, produces: Bool) {
        configuration.genesisPath = directory.file("genesis.json")
        guard produces else { return }
        configuration.nodeType = .producer
        configuration.privateKey = directory.file("key")
    }

    /// A transaction of the user that sets a key, as JSON.
    func transaction(nonce: UInt64) -> PreparedTransaction {
        PreparedTransaction(
            Transaction(
                operations: [Operation(type: .set, key: "greeting", value: Array("\(nonce)".utf8))],
                timestamp: genesis.configuration.timestamp, nonce: nonce, key: user))
    }
}
