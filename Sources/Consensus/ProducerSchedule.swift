public import Ledger
public import Primitives

/// When a producer of ours may make the next block.
///
/// Proof of authority is round robin by height: of `n` authorities, the one at `height mod n` is *in turn*; the one at
/// place `k` behind it is the *k-th takeover* (`ledger.md`, "Proof of authority"; `ChainRules` has the arithmetic).
/// Slots are measured from the parent's timestamp in whole seconds:
///
///     parent            +1·bt              +2·bt              +3·bt
///       |-----------------|------------------|------------------|------> time
///                         | place 0: in turn, may sign from here on
///                                            |grace| place 1 takes over
///                                                               |grace| place 2 takes over
///
/// The slot of an authority never closes: whoever is earlier in order may still be the one whose block comes. A
/// takeover therefore waits beyond what the rules ask, in two ways: a short grace after its slot opens, so that an
/// in-turn block made at the last moment arrives first; and one block time for each authority before it since this
/// node came to know the parent, so that a network that starts after a long pause (when every slot is long open)
/// gets one block and not `n` competing ones.
///
/// Under `strict` rules takeover is part of block validation and always on, and the block time is the one that the
/// genesis commits to. Under `reference` rules both come from the configuration.
public struct ProducerSchedule: Sendable {
    public let rules: ChainRules
    /// The time between two blocks, in whole seconds, at least 1: headers carry whole seconds and must increase.
    public let blockTimeSeconds: Int64
    /// Whether an authority that is not in turn may take over.
    public let allowsTakeover: Bool

    /// - Parameters:
    ///   - rules: the chain's. Under `strict` their block time counts and takeover is on.
    ///   - blockTimeSeconds: the configured block time, for `reference` rules. Below 1 counts as 1.
    ///   - takeover: the switch `producer_takeover`, for `reference` rules.
    public init(rules: ChainRules, blockTimeSeconds: Int64, takeover: Bool) {
        self.rules = rules
        switch rules.ruleSet {
        case .reference:
            self.blockTimeSeconds = max(1, blockTimeSeconds)
            allowsTakeover = takeover
        case .strict(let seconds):
            self.blockTimeSeconds = max(1, seconds)
            allowsTakeover = true
        }
    }

    /// The authority that is `address` and may sign earliest at `height`: its place behind the one in turn, and its name
    /// as the genesis spells it, which the block must carry. `nil` when `address` is none.
    ///
    /// Case does not count in finding it. A reference genesis may list one address several times in different case; it
    /// then has as many turns. O(n).
    public func seat(of address: Address, at height: UInt64) -> (place: Int, producer: ByteString)? {
        var best: (place: Int, producer: ByteString)?
        for (index, authority) in rules.authorities.enumerated() where address.matches(authority) {
            let place = rules.place(ofAuthority: index, height: height)
            if best.map({ place < $0.place }) ?? true { best = (place, authority) }
        }
        return best
    }
}
