internal import Primitives

/// Telling that no peer is there, and why.
extension PeerManager {
    /// Takes note of whether there is a peer, after one came or went and at the start.
    mutating func noteSolitude(at now: Nanoseconds) {
        guard phase == .running, peers.slotsTaken == 0 else { return solitude.end() }
        solitude.begin(at: now)
        if let next = solitude.nextTelling { wake(at: next) }
    }

    /// Once a minute; once in all for a network of one.
    mutating func tellSolitude(at now: Nanoseconds, into effects: inout [PeerEffect]) {
        guard let since = solitude.since, let next = solitude.nextTelling, next <= now else { return }
        let told = dialling.bootstrap.members.prefix(PeeringLimits.maxToldAttempts).map { member in
            Solitude.Attempt(member.endpoint, member.trouble, isOwn: dialling.isOwn(member.endpoint))
        }
        let isNetworkOfOne =
            dialling.bootstrap.members.isEmpty && dialling.book.count == 0 && configuration.authorities.count == 1
            && configuration.local.nodeID.map(configuration.authorities.contains) == true
        solitude.told(at: now, isLast: isNetworkOfOne)
        let fact = Solitude(
            lasted: now - since, attempts: told, others: dialling.bootstrap.members.count - told.count, knownAddresses: dialling.book.count,
            isNetworkOfOne: isNetworkOfOne)
        effects.append(.fact(.alone(fact)))
    }
}
