public import Primitives

/// Which of the two sets of rules of `ledger.md` a chain lives by. The genesis decides, once and for all.
public enum RuleSet: Hashable, Sendable {
    /// What the published Go node accepts and rejects, in its order of checks.
    case reference
    /// Everything that the seed promises, enforced in block validation.
    case strict(blockTimeSeconds: Int64)

    /// Whether these are the strict rules.
    public var isStrict: Bool {
        if case .strict = self { true } else { false }
    }

    /// What `chain:rules` says for strict rules.
    public static let strictName: ByteString = "strict"
}
