import Consensus
import Ledger
import Primitives

/// Producers with clocks of their own on a network with latency, in virtual time: the schedule, the guard and the
/// fork choice together, without ledger or sockets. Blocks are checked as strict validation checks them.
struct SimulatedProducers {
    final class Block {
        let parent: Block?
        let height: UInt64
        let timestamp: Int64
        let producer: Int
        let place: Int
        let head: Head

        init(parent: Block?, timestamp: Int64, producer: Int, place: Int, weight: UInt64, hash: Hash32) {
            self.parent = parent
            self.height = parent.map { $0.height + 1 } ?? 0
            self.timestamp = timestamp
            self.producer = producer
            self.place = place
            head = Head(
                height: height, hash: hash, previousHash: parent?.head.hash ?? .zero, timestamp: timestamp, stateRoot: .zero,
                producer: "", totalWeight: (parent?.head.totalWeight ?? 0) + weight)
        }
    }

    struct Producer {
        var isUp = true
        /// How far this wall clock is ahead of true time.
        var clockAheadMilliseconds: Int64 = 0
        var head: Block
        var knownSince: Nanoseconds = 0
        var signatures = DoubleSignGuard()
        /// What a restart finds on disk.
        var stored: [UInt8]?
        var madeCount = 0
        /// Every height it ever signed, with the hash: the guard must keep these unique.
        var signed: [UInt64: Hash32] = [:]
        var doubleSigned = false
    }

    let schedule: ProducerSchedule
    let authorities: Authorities
    var producers: [Producer]
    var nowMilliseconds: Int64 = 0
    var latencyMilliseconds: Int64 = 80
    private var flying: [(arrival: Int64, to: Int, block: Block)] = []
    private var random: SplitMix64
    private static let genesisSeconds: Int64 = 1_700_000_000
    private static let stepMilliseconds: Int64 = 50

    init(count: Int, blockTime: Int64, seed: UInt64) throws {
        authorities = Authorities(count: count)
        schedule = ProducerSchedule(
            rules: try authorities.rules(strictBlockTime: blockTime), blockTimeSeconds: 0, takeover: false)
        let genesis = Block(
            parent: nil, timestamp: Self.genesisSeconds, producer: -1, place: 0, weight: 0, hash: .zero)
        producers = (0..<count).map { _ in Producer(head: genesis) }
        random = SplitMix64(seed: seed)
    }

    func moment(of index: Int) -> Moment {
        Moment(
            uptime: .milliseconds(nowMilliseconds),
            unixMilliseconds: Self.genesisSeconds * 1000 + nowMilliseconds + producers[index].clockAheadMilliseconds)
    }

    /// Lets `seconds` of true time pass.
    mutating func run(seconds: Int64) {
        let end = nowMilliseconds + seconds * 1000
        if producers.allSatisfy({ !$0.isUp }) { nowMilliseconds = end }
        while nowMilliseconds < end {
            nowMilliseconds += Self.stepMilliseconds
            deliver()
            for index in producers.indices where producers[index].isUp { produce(index) }
        }
    }

    /// Delivers what is on its way, and makes nothing new.
    mutating func settle() {
        nowMilliseconds += latencyMilliseconds
        deliver()
    }

    /// A crash and a start: everything but the disk is forgotten.
    mutating func restart(_ index: Int) throws {
        producers[index].signatures = try DoubleSignGuard(metadata: producers[index].stored)
        producers[index].knownSince = .milliseconds(nowMilliseconds)
        producers[index].isUp = true
    }

    /// A node that comes back fetches the best chain of the others before it produces.
    mutating func sync(_ index: Int) {
        for other in producers where other.isUp { adopt(other.head, at: index) }
    }

    private mutating func deliver() {
        let arrived = flying.filter { $0.arrival <= nowMilliseconds }
        flying.removeAll { $0.arrival <= nowMilliseconds }
        for message in arrived where producers[message.to].isUp { adopt(message.block, at: message.to) }
    }

    private mutating func adopt(_ block: Block, at index: Int) {
        guard isValid(block, at: index) else { return }
        guard ForkChoice.prefers(block.head, over: producers[index].head.head, forkHeight: 0) else { return }
        producers[index].head = block
        producers[index].knownSince = .milliseconds(nowMilliseconds)
    }

    /// The strict rules on turn and time.
    private func isValid(_ block: Block, at index: Int) -> Bool {
        guard let parent = block.parent else { return true }
        let place = schedule.rules.place(ofAuthority: block.producer, height: block.height)
        return block.timestamp > parent.timestamp
            && block.timestamp <= moment(of: index).unixSeconds + Limits.maxFutureSeconds
            && block.place == place
            && block.timestamp >= parent.timestamp + Int64(place + 1) * schedule.blockTimeSeconds
    }

    private mutating func produce(_ index: Int) {
        let parent = producers[index].head
        let decision = schedule.decide(
            parent: ProductionParent(
                height: parent.height, timestamp: parent.timestamp, knownSince: producers[index].knownSince),
            address: authorities.addresses[index], isSyncing: false, now: moment(of: index))
        guard case .produce(let timestamp, let name, let place) = decision else { return }
        let hash = Hash32((0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }) ?? .zero
        let block = Block(
            parent: parent, timestamp: timestamp, producer: index, place: place,
            weight: schedule.rules.weight(producer: name, height: parent.height + 1), hash: hash)
        guard producers[index].signatures.verdict(height: block.height, hash: hash) == .sign else { return }
        producers[index].stored = producers[index].signatures.record(height: block.height, hash: hash)
        if producers[index].signed.updateValue(hash, forKey: block.height) != nil { producers[index].doubleSigned = true }
        producers[index].madeCount += 1
        adopt(block, at: index)
        for other in producers.indices where other != index {
            flying.append((nowMilliseconds + latencyMilliseconds, other, block))
        }
    }

    // What the tests ask.

    /// The best chain of producer `index`, without the genesis, oldest first.
    func chain(of index: Int) -> [Block] {
        var blocks: [Block] = []
        var next: Block? = producers[index].head
        while let block = next, block.parent != nil {
            blocks.append(block)
            next = block.parent
        }
        return blocks.reversed()
    }

    /// Blocks that were signed and are on nobody's best chain.
    var orphanCount: Int {
        producers.reduce(0) { $0 + $1.madeCount } - Int(producers.map(\.head.height).max() ?? 0)
    }
}
