internal import Network
internal import Primitives
internal import Wire

/// Who makes room for a newcomer when all inbound slots are taken.
///
/// The rule is Bitcoin Core's (`src/node/eviction.cpp`), with shares instead of fixed numbers because `max_peers` is
/// smaller here: peers are kept by several measures that one attacker cannot all win (keyed network group, nearness,
/// useful transactions, useful blocks), half of the rest by age, and of what then remains the youngest of the largest
/// group goes. So whoever fills all slots late displaces himself.
enum Eviction {
    struct Candidate {
        let id: PeerID
        let readyAt: Nanoseconds
        let group: NetworkGroup
        /// The group's keyed hash: which groups are kept cannot be foreseen.
        let keyedGroup: UInt64
        let latency: Nanoseconds?
        let lastUsefulBlock: Nanoseconds
        let lastUsefulTransaction: Nanoseconds
        let isInactive: Bool
    }

    /// `nil` when everybody is worth keeping. Order of `candidates` does not matter. O(n log n).
    static func choose(from candidates: [Candidate]) -> PeerID? {
        let share = max(1, candidates.count / 12)
        var rest = candidates
        keep(share, of: &rest) { $0.keyedGroup < $1.keyedGroup }
        keep(2 * share, of: &rest) { ($0.latency ?? .max) < ($1.latency ?? .max) }
        keep(share, of: &rest) { $0.lastUsefulTransaction > $1.lastUsefulTransaction }
        keep(share, of: &rest) { $0.lastUsefulBlock > $1.lastUsefulBlock }
        keep(rest.count / 2, of: &rest) { _, _ in false }
        let inactive = rest.filter(\.isInactive)
        return youngestOfLargestGroup(inactive.isEmpty ? rest : inactive)
    }

    /// Takes the `count` first by `isBefore` out; the longer connected come first among equals.
    private static func keep(_ count: Int, of rest: inout [Candidate], by isBefore: (Candidate, Candidate) -> Bool) {
        rest.sort { left, right in
            if isBefore(left, right) { return true }
            if isBefore(right, left) { return false }
            return (left.readyAt, left.id) < (right.readyAt, right.id)
        }
        rest.removeFirst(min(count, rest.count))
    }

    private static func youngestOfLargestGroup(_ rest: [Candidate]) -> PeerID? {
        let groups = Dictionary(grouping: rest, by: \.group).values.compactMap { members in
            youngest(members).map { (count: members.count, youngest: $0) }
        }
        // Of groups of one size, the one with the youngest member.
        return groups.max { left, right in
            (left.count, left.youngest.readyAt, left.youngest.id) < (right.count, right.youngest.readyAt, right.youngest.id)
        }?.youngest.id
    }

    private static func youngest(_ members: [Candidate]) -> Candidate? {
        members.max { ($0.readyAt, $0.id) < ($1.readyAt, $1.id) }
    }
}
