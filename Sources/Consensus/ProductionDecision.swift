internal import Ledger
public import Primitives

/// The block that the next one would stand on, as a producer sees it.
public struct ProductionParent: Hashable, Sendable {
    public var height: UInt64
    /// Seconds since 1970-01-01 UTC, from the parent's header.
    public var timestamp: Int64
    /// When this node made the parent its head, or started or finished syncing with it as its head: what comes last.
    public var knownSince: Nanoseconds

    public init(height: UInt64, timestamp: Int64, knownSince: Nanoseconds) {
        self.height = height
        self.timestamp = timestamp
        self.knownSince = knownSince
    }
}

/// What a producer does now.
public enum ProductionDecision: Hashable, Sendable {
    /// Make the block now.
    /// - timestamp: the header's timestamp, in seconds since 1970-01-01 UTC.
    /// - producer: the header's `producer_addr`, as the genesis spells it.
    /// - place: 0 in turn, k for the k-th takeover.
    case produce(timestamp: Int64, producer: ByteString, place: Int)
    /// Ask again then, or as soon as the head changes. The wall clock may be set meanwhile, so a caller that sleeps
    /// longer than `ProducerSchedule.longestSleep` asks in between.
    case wait(untilUnixMilliseconds: Int64)
    /// Not on this parent: ask again when something other than the time has changed.
    case never(ProductionRefusal)
}

/// Why a producer makes no block on a parent, however long it waits.
public enum ProductionRefusal: Hashable, Sendable, CustomStringConvertible {
    /// The node fetches older blocks: its head is not the network's.
    case syncing
    /// The key of this node is none of the authorities.
    case notAnAuthority(Address)
    /// Another authority is in turn, and taking over is off.
    case notInTurn(authority: ByteString, height: UInt64)
    /// The parent has the greatest height or a timestamp that leaves no room for a next one.
    case noRoomAfterParent

    public var description: String {
        switch self {
        case .syncing:
            "the node is still syncing"
        case .notAnAuthority(let address):
            "\(address.checksummed) is not one of the chain's authorities"
        case .notInTurn(let authority, let height):
            "height \(height) is the turn of \(authority), and producer_takeover is off"
        case .noRoomAfterParent:
            "the chain's last block leaves no height or timestamp for a next one"
        }
    }
}

extension ProducerSchedule {
    /// The longest a caller should sleep on `.wait` without asking again, because the wall clock may be set.
    public static let longestSleep = Nanoseconds.seconds(1)

    /// The longest grace after a takeover's slot opens: a block crosses three hops in less than 300 ms
    /// (`networking.md`, "Block propagation"), and the making takes a part of the rest.
    public static let longestTakeoverGraceMilliseconds: Int64 = 500

    /// The grace of this schedule: a quarter of the block time, so that a fast chain does not stand still for it.
    public var takeoverGraceMilliseconds: Int64 {
        min(blockTimeSeconds.multiplied(clampingBy: 250), Self.longestTakeoverGraceMilliseconds)
    }

    /// What a producer with the key of `address` does at `now` on top of `parent`. Pure; O(n) in the authorities.
    ///
    /// A clock that is behind the parent's timestamp only waits, so a block is never dated before its slot and, since
    /// its date is the whole second of `now`, never in the future of its maker's clock either.
    public func decide(parent: ProductionParent, address: Address, isSyncing: Bool, now: Moment) -> ProductionDecision {
        guard !isSyncing else { return .never(.syncing) }
        let (height, heightOverflow) = parent.height.addingReportingOverflow(1)
        guard !heightOverflow, parent.timestamp < Int64.max else { return .never(.noRoomAfterParent) }
        guard let seat = seat(of: address, at: height) else { return .never(.notAnAuthority(address)) }
        if seat.place > 0 && !allowsTakeover {
            return .never(.notInTurn(authority: rules.producerInTurn(height: height), height: height))
        }

        let slot = rules.earliest(place: seat.place, after: parent.timestamp, blockTimeSeconds: blockTimeSeconds)
        let opening = max(
            slot.multiplied(clampingBy: 1000).adding(clamping: seat.place > 0 ? takeoverGraceMilliseconds : 0),
            patienceEnd(place: seat.place, knownSince: parent.knownSince, now: now))
        guard now.unixMilliseconds >= opening, now.unixSeconds >= slot else { return .wait(untilUnixMilliseconds: opening) }
        return .produce(timestamp: max(slot, now.unixSeconds), producer: seat.producer, place: seat.place)
    }

    /// One block time for each authority before this one since the node knows the parent, on the wall clock of `now`.
    private func patienceEnd(place: Int, knownSince: Nanoseconds, now: Moment) -> Int64 {
        guard place > 0 else { return Int64.min }
        let patience = blockTimeSeconds.multiplied(clampingBy: 1000).multiplied(clampingBy: Int64(place))
        let elapsed = max(0, now.uptime - knownSince) / Nanoseconds.milliseconds(1)
        return now.unixMilliseconds.adding(clamping: max(0, patience - elapsed))
    }
}
