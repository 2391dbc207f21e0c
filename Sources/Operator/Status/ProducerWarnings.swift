internal import NodeClient
internal import Primitives
internal import Terminal

// What a snapshot tells of single producers: who missed turns, and whose clock is wrong.

/// Producers that did not make the blocks of their turns, with what is the likeliest reason.
enum MissedTurns {
    static func warnings(_ snapshot: StatusSnapshot) -> [String] {
        let authorities = snapshot.chain.authorities
        // The blocks that a sync is at tell of another day.
        guard authorities.count > 1, snapshot.state != .syncing else { return [] }
        var turns = [Int](repeating: 0, count: authorities.count)
        var missed = turns
        for block in snapshot.blocks where block.height > 0 {
            let index = Int(block.height % UInt64(authorities.count))
            turns[index] += 1
            if block.producer.lowercased() != authorities[index].lowercased() { missed[index] += 1 }
        }
        return authorities.indices.filter { missed[$0] > 0 }.map { index in
            let name = authorities[index]
            let last = turns[index] == 1 ? "its last turn" : "\(missed[index]) of its last \(turns[index]) turns"
            let who = isSelf(name, snapshot) ? "this node, which is producer \(name)," : "producer \(name)"
            return "\(who) missed \(last)" + (missed[index] == turns[index] ? reason(name, snapshot) : "")
        }
    }

    private static func isSelf(_ name: String, _ snapshot: StatusSnapshot) -> Bool {
        snapshot.info.address?.lowercased() == name.lowercased()
    }

    /// Why it made none of its blocks, as far as can be seen from here.
    private static func reason(_ name: String, _ snapshot: StatusSnapshot) -> String {
        if isSelf(name, snapshot) {
            if snapshot.info.nodeType == "full" { return ": it runs as a full node (`node_type`)" }
            return takers(name, snapshot)
                ?? ": is production paused (`podoru admin resume`), or its clock slow? Its log says more (`block not made`)"
        }
        guard let peer = snapshot.peers.first(where: { $0.id.lowercased() == name.lowercased() }) else {
            return takers(name, snapshot) ?? ": is it down?"
        }
        if let height = peer.height, height < snapshot.height, snapshot.height - height > StatusSnapshot.tolerance {
            return ": it is connected and behind, at height \(StatusText.number(height))"
        }
        if peer.nodeType == "full" { return ": it is connected and in step, but runs as a full node" }
        return takers(name, snapshot) ?? ": it is connected and in step; is its clock slow, or its production paused?"
    }

    /// Others whose clocks run ahead: they win the turns of all.
    private static func takers(_ name: String, _ snapshot: StatusSnapshot) -> String? {
        let ahead = ClockWarnings.ahead(snapshot).filter { $0.producer.lowercased() != name.lowercased() }
        guard let first = ahead.first else { return nil }
        return ": the clock of producer \(StatusText.printable(first.producer)) is fast, so that it takes others' turns"
    }
}

/// Clocks that differ: the node's from this machine's, and the producers' from the node's.
enum ClockWarnings {
    /// Seconds between two clocks that nobody need worry about: timestamps are whole seconds, and answers take time. The node itself
    /// warns of a producer from here on (`ProducerClocks`).
    private static let toleratedSkew: Int64 = 3

    static func all(_ snapshot: StatusSnapshot) -> [String] {
        if let ours = ours(snapshot) { return [ours] }
        let producers = ahead(snapshot)
        if producers.count > 1, producers.count == snapshot.info.clockOffsets.count {
            let least = producers.map(\.ahead).min() ?? 0
            return ["the node's clock is \(seconds(least)) or more behind those of all producers: check NTP there"]
        }
        if !producers.isEmpty {
            return producers.map {
                "the clock of producer \(StatusText.printable($0.producer)) is \(seconds($0.ahead)) ahead of the node's: check NTP on both"
            }
        }
        // The genesis block may lie ahead on purpose.
        guard snapshot.state != .syncing, snapshot.height > 0, let age = snapshot.age, age < -toleratedSkew else { return [] }
        let ahead = StatusText.duration(Int64(0).subtracting(clamping: age))
        return ["the newest block is \(ahead) ahead of this machine's clock: check NTP here and at its producer"]
    }

    /// Producers whose blocks came ahead of the node's clock, the farthest first.
    static func ahead(_ snapshot: StatusSnapshot) -> [APIAnswer.ClockOffset] {
        snapshot.info.clockOffsets.filter { $0.ahead >= Double(toleratedSkew) }.sorted { $0.ahead > $1.ahead }
    }

    private static func ours(_ snapshot: StatusSnapshot) -> String? {
        guard let theirs = snapshot.health?.timestamp, theirs > 0 else { return nil }
        let skew = theirs.subtracting(clamping: snapshot.takenAt)
        guard skew.magnitude > toleratedSkew.magnitude else { return nil }
        let direction = skew > 0 ? "ahead of" : "behind"
        return
            "the node's clock is \(StatusText.duration(Int64(clamping: skew.magnitude))) \(direction) this machine's: check NTP on both"
    }

    private static func seconds(_ value: Double) -> String { StatusText.duration(Int64(value.rounded())) }
}
