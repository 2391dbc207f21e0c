internal import Network
internal import Primitives

/// Who makes room for a newcomer when all inbound slots are taken.
///
/// The rule is Bitcoin Core's (`src/node/eviction.cpp`), with shares instead of fixed numbers because `max_peers` is smaller here.
/// A share is a twelfth of the candidates, and one at least:
/// 1. One share is kept by the keyed hash of its network group: who does not know the key cannot choose to be in it.
/// 2. Two shares are kept by the least round trip: nearness cannot be feigned, only the opposite.
/// 3. One share is kept by the newest useful transaction, and one by the newest useful block: those cost work, or a good place in
///    the network.
/// 4. Half of the rest is kept by age: who came late does not displace who was here before.
/// 5. Of what then remains the inactive ones are asked, if there are any, else all: the youngest of the largest network group
///    goes. So whoever fills all slots late displaces himself.
/// 6. Outbound peers, bootstrap peers, peers with the signed name of an authority and connections without a slot of their own are
///    no candidates (`PeerManager.victimOfEviction`).
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
