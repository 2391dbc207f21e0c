import Foundation
import Ledger
import PodoruConfiguration
import Primitives
import TestKit

/// A small chain of its own, with one authority and blocks every second.
final class TestChain: Sendable {
    let authority: PrivateKey
    let user: PrivateKey
    let genesis: Genesis
    let directory = TemporaryDirectory()

    /// - Parameters:
    ///   - isLowerCase: whether the genesis spells the authority in lower-case digits.
    ///   - state: keys that the genesis sets beside its own.
    init(isLowerCase: Bool = false, state: [ByteString: ByteString] = [:]) throws {
        authority = try PrivateKey(bytes: [UInt8](repeating: 1, count: 32))
        user = try PrivateKey(bytes: [UInt8](repeating: 99, count: 32))
        genesis = try Genesis(
            .test(
                timestamp: Int64(Date().timeIntervalSince1970) - 60,
                authorities: [isLowerCase ? authority.address.lowercased : authority.address.checksummed], fees: GasConfiguration(),
                balances: [user.address: "1000000000000000000000"], state: state))
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

    /// A transaction of the user that sets a key, by itself to the nonce, as JSON.
    func transaction(nonce: UInt64, value: [UInt8]? = nil) -> PreparedTransaction {
        PreparedTransaction(
            Transaction(
                operations: [Operation(type: .set, key: "greeting", value: value ?? Array("\(nonce)".utf8))],
                timestamp: genesis.configuration.timestamp, nonce: nonce, key: user))
    }
}
