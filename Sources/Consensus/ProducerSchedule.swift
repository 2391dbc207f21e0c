public import Ledger
public import Primitives

/// Whose turn it is, and when a producer of ours may make the next block.
///
/// Proof of authority is round robin by height: of `n` authorities, the one at `height mod n` is *in turn*; the one
/// `k` places after it is the *k-th takeover* (`ledger.md`, "Proof of authority"). Slots are measured from the
/// parent's timestamp in whole seconds:
///
///     parent            +1·bt              +2·bt              +3·bt
///       |-----------------|------------------|------------------|------> time
///                         | k = 0: in turn may sign from here on
///                                            |grace| k = 1 takes over
///                                                               |grace| k = 2 takes over
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
    /// The authorities as the genesis spells them, in order. A block names its producer in exactly this spelling.
    public let authorities: [ByteString]
    /// The time between two blocks, in whole seconds, at least 1: headers carry whole seconds and must increase.
    public let blockTimeSeconds: Int64
    /// Whether an authority that is not in turn may take over.
    public let allowsTakeover: Bool

    /// - Parameters:
    ///   - authorities: as the genesis lists them. The same authority may appear several times, also in different
    ///     case; it then has as many turns.
    ///   - ruleSet: under `strict` its block time counts and takeover is on.
    ///   - blockTimeSeconds: the configured block time, for `reference` rules. Below 1 counts as 1.
    ///   - takeover: the switch `producer_takeover`, for `reference` rules.
    public init(authorities: [ByteString], ruleSet: RuleSet, blockTimeSeconds: Int64, takeover: Bool) {
        self.authorities = authorities
        switch ruleSet {
        case .reference:
            self.blockTimeSeconds = max(1, blockTimeSeconds)
            allowsTakeover = takeover
        case .strict(let seconds):
            self.blockTimeSeconds = max(1, seconds)
            allowsTakeover = true
        }
    }

    /// The authority in turn at `height`, as the genesis spells it; `nil` when there are none. O(1).
    public func authority(inTurnAt height: UInt64) -> ByteString? {
        authorities.isEmpty ? nil : authorities[firstIndex(at: height)]
    }

    /// How many places after the one in turn `producer` stands at `height`: 0 is in turn, `nil` is no authority.
    ///
    /// The comparison is exact, as in block validation. An authority that is listed several times counts where it
    /// comes first. O(n).
    public func takeoverRank(of producer: ByteString, at height: UInt64) -> Int? {
        rank(at: height) { $0 == producer }
    }

    /// The authority of ours that may sign earliest at `height`. The address is compared without regard to case,
    /// because a genesis may spell it so; the block then carries the spelling of that place. O(n).
    func ownSeat(of address: Address, at height: UInt64) -> (rank: Int, producer: ByteString)? {
        guard let rank = rank(at: height, where: { address.matches($0) }) else { return nil }
        return (rank, authorities[(firstIndex(at: height) + rank) % authorities.count])
    }

    private func firstIndex(at height: UInt64) -> Int {
        Int(height % UInt64(authorities.count))
    }

    private func rank(at height: UInt64, where isWanted: (ByteString) -> Bool) -> Int? {
        guard !authorities.isEmpty else { return nil }
        let first = firstIndex(at: height)
        return authorities.indices.first { isWanted(authorities[(first + $0) % authorities.count]) }
    }
}
