public import Primitives

/// How far the clocks of a chain's authorities are ahead of ours, as their blocks show it.
///
/// A producer dates its block with its own clock and never ahead of it, so a block that comes with a date ahead of our clock tells
/// that the one is fast or the other slow, by at least that much. A fast clock is no small thing: it opens the slots of others
/// early, and whoever has it wins their turns. A date in the past tells little: blocks take time, and timestamps are whole seconds.
///
/// A value of at most `maxReadings` entries. Linear in them, some ten on any chain.
public struct ProducerClocks: Sendable {
    /// What the last block of one authority showed.
    public struct Reading: Hashable, Sendable {
        /// As the genesis spells it.
        public var producer: ByteString
        public var height: UInt64
        /// The block's timestamp less our clock when the block came, in milliseconds. Where both clocks are right it lies a second or
        /// so below zero.
        public var offsetMilliseconds: Int64
        /// When the block came.
        public var readAt: Nanoseconds
        /// Since when its clock is told to be ahead; nil while it is in step.
        var toldAt: Nanoseconds?
    }

    /// What is worth a line in the log.
    public enum Notice: Hashable, Sendable {
        /// The authority's clock is ahead of ours.
        case ahead(Reading)
        /// All of several authorities are ahead of us: it is our clock that is slow.
        case weAreBehind(Reading)
        /// An authority that was ahead is in step again.
        case inStep(Reading)
    }

    /// Milliseconds ahead from which a clock is told to be wrong: a block is dated in whole seconds, so a right clock is never
    /// ahead, and NTP keeps clocks to a fraction of this.
    public static let alarmMilliseconds: Int64 = 3000
    /// Below it the clock counts as in step again. Dates are whole seconds, so that one and the same clock is read up to a second apart.
    public static let calmMilliseconds: Int64 = 2000
    /// How long a reading tells of the present.
    public static let lifetime: Nanoseconds = .seconds(600)
    /// An authority that stays ahead is told again after this.
    public static let repetition: Nanoseconds = .seconds(600)
    /// Authorities that are remembered; the one that was heard longest ago makes room. A reference genesis may name any number.
    public static let maxReadings = 256

    private var all: [Reading] = []

    public init() {}

    /// Takes note of a valid block that another node made and that came by gossip. Returns what there is to say of it.
    ///
    /// - Parameter now: when its last byte came.
    public mutating func blockCame(producer: ByteString, height: UInt64, timestamp: Int64, at now: Moment) -> Notice? {
        let offset = timestamp.multiplied(clampingBy: 1000).subtracting(clamping: now.unixMilliseconds)
        let index = all.firstIndex { $0.producer == producer }
        let told = index.flatMap { all[$0].toldAt }
        var reading = Reading(producer: producer, height: height, offsetMilliseconds: offset, readAt: now.uptime, toldAt: told)
        if offset >= Self.alarmMilliseconds, told.map({ now.uptime - $0 >= Self.repetition }) ?? true {
            reading.toldAt = now.uptime
            keep(reading, at: index)
            return isEverybodyAhead(at: now.uptime) ? .weAreBehind(reading) : .ahead(reading)
        }
        let isCalm = offset < Self.calmMilliseconds
        if isCalm { reading.toldAt = nil }
        keep(reading, at: index)
        return isCalm && told != nil ? .inStep(reading) : nil
    }

    /// The readings that still tell of the present, in the order in which the authorities were first heard.
    public func readings(at uptime: Nanoseconds) -> [Reading] {
        all.filter { uptime - $0.readAt < Self.lifetime }
    }

    private mutating func keep(_ reading: Reading, at index: Int?) {
        if let index {
            all[index] = reading
            return
        }
        if all.count >= Self.maxReadings, let oldest = all.indices.min(by: { all[$0].readAt < all[$1].readAt }) {
            all.remove(at: oldest)
        }
        all.append(reading)
    }

    /// Whether at least two authorities are heard and all of them are ahead.
    private func isEverybodyAhead(at uptime: Nanoseconds) -> Bool {
        let heard = readings(at: uptime)
        return heard.count >= 2 && heard.allSatisfy { $0.offsetMilliseconds >= Self.calmMilliseconds }
    }
}
