public import Primitives

/// A genesis file, read as far as every start needs it.
///
/// The genesis block is executed once in the life of a store. Later starts need its rules, which stand in the file's smaller part, and to know
/// that this is the file that the store began with, which its digest says.
public struct GenesisFile: Sendable {
    /// SHA-256 of the file's bytes.
    public let digest: Hash32
    /// The configuration without what only the genesis block needs: its balances, and its state but for the keys that lay down rules.
    public let outline: GenesisConfiguration
    private let rules: ChainRules
    private let json: [UInt8]

    /// Reads the file's JSON and checks all but state and balances: about 3 ns a byte.
    /// - Throws: `GenesisError`.
    public init(_ json: [UInt8]) throws(GenesisError) {
        do throws(DecodingError) {
            outline = try GenesisConfiguration(decoding: json, keeping: .rules)
        } catch {
            throw .decoding(error)
        }
        rules = try outline.rules()
        digest = SHA256.hash(json)
        self.json = json
    }

    /// The producers in their order, as the file spells them.
    public var authorities: [ByteString] { rules.authorities }

    public var ruleSet: RuleSet { rules.ruleSet }

    /// Keys that nobody reads or that stand twice.
    public var keyFaults: [GenesisKeyFault] { GenesisConfiguration.keyFaults(in: json) }

    /// Checks the whole file and builds its block.
    /// - Throws: `GenesisError`.
    public func genesis() throws(GenesisError) -> Genesis { try Genesis(decoding: json) }

    /// The genesis whose block a store has as `head`. The caller knows that the block is this file's.
    /// - Throws: `GenesisError`.
    public func genesis(recalling head: Head) throws(GenesisError) -> Genesis {
        try Genesis(recalling: outline, head: head)
    }
}
