import Network
import Primitives
import Sync
import Synchronization
import Testing

/// A manager with a clock that the test turns, and calls that return their effects.
struct SyncBench {
    var sync: SyncManager
    var now = Moment(uptime: .seconds(1000), unixMilliseconds: 1_700_000_000_000)

    init(height: UInt64 = 0, _ change: (inout SyncConfiguration) -> Void = { _ in }) {
        var configuration = SyncConfiguration()
        change(&configuration)
        sync = SyncManager(configuration: configuration, height: height, at: now)
    }

    mutating func pass(_ span: Nanoseconds) {
        now.uptime += span
        now.unixMilliseconds += span / 1_000_000
    }

    private mutating func call(_ body: (inout SyncManager, Moment, inout [SyncEffect]) -> Void) -> [SyncEffect] {
        var effects: [SyncEffect] = []
        body(&sync, now, &effects)
        #expect(sync.checkInvariants() == [])
        return effects
    }

    @discardableResult mutating func ready(_ peer: Int, _ height: UInt64) -> [SyncEffect] {
        call { $0.peerReady(id(peer), height: height, at: $1, into: &$2) }
    }
    @discardableResult mutating func claims(_ peer: Int, _ height: UInt64) -> [SyncEffect] {
        call { $0.peerHeight(id(peer), height: height, at: $1, into: &$2) }
    }
    @discardableResult mutating func has(_ peer: Int, _ height: UInt64) -> [SyncEffect] {
        call { $0.peerHasBlock(id(peer), height: height, at: $1, into: &$2) }
    }
    @discardableResult mutating func gone(_ peer: Int) -> [SyncEffect] {
        defer { #expect(sync.remnants(of: id(peer)) == []) }
        return call { $0.peerGone(id(peer), at: $1, into: &$2) }
    }
    @discardableResult mutating func head(_ height: UInt64) -> [SyncEffect] {
        call { $0.headMoved(to: height, hasUndone: height < $0.height, at: $1, into: &$2) }
    }
    @discardableResult mutating func answer(_ peer: Int, bytes: Int = 1_000_000) -> [SyncEffect] {
        call { $0.responseReceived(id(peer), payload: payload(bytes), at: $1, into: &$2) }
    }
    @discardableResult mutating func prepared(_ number: UInt64, _ count: Int) -> [SyncEffect] {
        call { $0.rangePrepared(ticket(number), count: count, at: $1, into: &$2) }
    }
    @discardableResult mutating func malformed(_ number: UInt64) -> [SyncEffect] {
        call { $0.rangeMalformed(ticket(number), at: $1, into: &$2) }
    }
    @discardableResult mutating func applied(_ number: UInt64, _ height: UInt64) -> [SyncEffect] {
        call { $0.rangeApplied(ticket(number), newHeight: height, at: $1, into: &$2) }
    }
    @discardableResult mutating func rejected(_ number: UInt64, _ height: UInt64, _ reason: SyncRejection) -> [SyncEffect] {
        call { $0.rangeRejected(ticket(number), atHeight: height, reason, at: $1, into: &$2) }
    }
    @discardableResult mutating func tick(after span: Nanoseconds = 0) -> [SyncEffect] {
        pass(span)
        return call { $0.tick(at: $1, into: &$2) }
    }
    mutating func bytes(_ peer: Int, _ count: Int) {
        sync.bytesReceived(id(peer), count: count, at: now)
    }

    /// Lets the time pass from deadline to deadline, as a shell does, and returns what came of it.
    mutating func run(for span: Nanoseconds) -> [SyncEffect] {
        let end = now.uptime + span
        var effects: [SyncEffect] = []
        while let next = sync.nextDeadline, next <= end {
            effects += tick(after: max(next - now.uptime, 0))
            if let following = sync.nextDeadline, following <= now.uptime {
                Issue.record("the deadline does not move")
                break
            }
        }
        pass(end - now.uptime)
        return effects
    }

    /// Answers, prepares and applies one range of `count` blocks of an obedient peer that is asked in order.
    mutating func deliver(_ peer: Int, ticket number: UInt64, count: Int, to height: UInt64) {
        answer(peer)
        prepared(number, count)
        applied(number, height)
    }
}

func id(_ number: Int) -> PeerID { PeerID(slot: UInt16(number), generation: UInt32(number)) }
func ticket(_ number: UInt64) -> SyncTicket { SyncTicket(rawValue: number) }
func range(_ first: UInt64, _ last: UInt64) -> HeightRange { HeightRange(first: first, count: Int(last - first + 1)) }
func ask(_ peer: Int, _ first: UInt64, _ last: UInt64) -> SyncEffect {
    .request(id(peer), range(first, last), single: first == last)
}
func prepare(_ number: UInt64, _ peer: Int, _ first: UInt64, _ last: UInt64, bytes: Int = 1_000_000) -> SyncEffect {
    .prepare(ticket(number), id(peer), range(first, last), payload: payload(bytes))
}
private let payloads = Mutex<[Int: [UInt8]]>([:])
/// An answer of so many bytes: the manager counts them and hands them on. One array for each length, so that equal ones are found
/// equal without a look at their megabytes.
func payload(_ byteCount: Int) -> [UInt8] {
    payloads.withLock { known in
        if let payload = known[byteCount] { return payload }
        let payload = [UInt8](repeating: 0x20, count: byteCount)
        known[byteCount] = payload
        return payload
    }
}
