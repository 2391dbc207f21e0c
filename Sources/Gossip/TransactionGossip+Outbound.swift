internal import Network
internal import Primitives

extension TransactionGossip {
    /// Sends to every peer what is due and what it grants.
    mutating func send(at now: Moment, into effects: inout [TransactionGossipEffect]) {
        var messages = SharedMessages()
        let isGathering = now.uptime < gatherUntil
        var hasSentToBatching = false
        for index in peers.indices where peers[index].isWritable {
            guard peers[index].isUnblocked(at: now.uptime) else { continue }
            messages.nextReceiver()
            while peers[index].hasNews(at: now.uptime) {
                let gathers = peers[index].acceptsBatches && isGathering && !peers[index].hasFullBatch(configuration)
                guard !gathers, peers[index].takeToken(at: now.uptime) else { break }
                messages.add(peers[index].nextMessage(configuration, at: now.uptime), to: peers[index].id)
                hasSentToBatching = hasSentToBatching || peers[index].acceptsBatches
            }
        }
        if hasSentToBatching { gatherUntil = now.uptime + configuration.batchDelay }
        nextDeadline = earliestDeadline()
        for group in messages.groups {
            effects.append(
                group.transactions.count == 1
                    ? .transaction(group.transactions[0], to: group.receivers) : .batch(group.transactions, to: group.receivers))
        }
    }
}

extension TransactionGossip {
    /// The earliest time at which a peer can be sent what waits for it. Computed when that changes, because the shell asks
    /// after every message of any kind.
    func earliestDeadline() -> Nanoseconds? {
        var next: Nanoseconds?
        for index in peers.indices where peers[index].isWritable && !peers[index].queue.isEmpty {
            let time = peers[index].blockedUntil ?? gatherUntil
            next = min(next ?? time, time)
        }
        return next
    }
}

/// Messages to be sent, each with all who get the same bytes, such that everyone gets its own in the right order.
private struct SharedMessages {
    private(set) var groups: [(transactions: [GossipTransaction], receivers: [PeerID])] = []
    /// The first group that the present receiver may join: after the one that it joined last.
    private var next = 0

    mutating func nextReceiver() { next = 0 }

    mutating func add(_ transactions: [GossipTransaction], to id: PeerID) {
        let same = groups[next...].firstIndex { group in
            // By ids: the payloads follow from them.
            group.transactions.count == transactions.count
                && zip(group.transactions, transactions).allSatisfy { $0.id == $1.id }
        }
        if let same {
            groups[same].receivers.append(id)
            next = same + 1
        } else {
            groups.append((transactions, [id]))
            next = groups.count
        }
    }
}
