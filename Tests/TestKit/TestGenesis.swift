public import Ledger
public import Primitives

/// Keys that are the same in each run.
public enum KeyRing {
    /// The key number `index` of a purpose, such as "authority".
    public static func key(_ purpose: String, _ index: Int) throws -> PrivateKey {
        try PrivateKey(bytes: SHA256.hash(Array("podoru test \(purpose) \(index)".utf8)).bytes)
    }

    public static func authority(_ index: Int) throws -> PrivateKey { try key("authority", index) }
    public static func user(_ index: Int) throws -> PrivateKey { try key("user", index) }
    public static func authorities(_ count: Int) throws -> [PrivateKey] { try (0..<count).map(authority) }
    public static func users(_ count: Int) throws -> [PrivateKey] { try (0..<count).map(user) }
}

extension GenesisConfiguration {
    /// The one way in which tests make the genesis of a chain of their own.
    ///
    /// - Parameters:
    ///   - timestamp: unix seconds of the genesis block.
    ///   - authorities: as the genesis spells them.
    ///   - blockTime: that of a strict chain, such as "1s"; `nil` for the reference's rules.
    ///   - fees: what a transaction costs; without them whoever has a key may send.
    ///   - balances: what addresses have, in the smallest unit.
    ///   - state: keys that the genesis sets beside those of the rules.
    public static func test(
        timestamp: Int64, authorities: [ByteString], blockTime: ByteString? = "1s", fees: GasConfiguration? = nil,
        balances: [Address: ByteString] = [:], state: [ByteString: ByteString] = [:]
    ) -> GenesisConfiguration {
        let rules: [ByteString: ByteString] = blockTime.map { [StateKeys.rules: "strict", StateKeys.blockTime: $0] } ?? [:]
        return GenesisConfiguration(
            timestamp: timestamp, authorities: authorities, initialState: state.merging(rules) { $1 },
            token: fees == nil ? nil : .standard, gas: fees,
            initialBalances: Dictionary(uniqueKeysWithValues: balances.map { ($0.lowercased, $1) }))
    }

    /// As above, with the authorities' keys.
    public static func test(
        timestamp: Int64, keys: [PrivateKey], blockTime: ByteString? = "1s", fees: GasConfiguration? = nil,
        balances: [Address: ByteString] = [:], state: [ByteString: ByteString] = [:]
    ) -> GenesisConfiguration {
        test(
            timestamp: timestamp, authorities: keys.map(\.address.checksummed), blockTime: blockTime, fees: fees, balances: balances,
            state: state)
    }
}
