import Consensus
import Ledger
import Primitives
import Testing

/// Times and heights at the ends of their types: whatever a genesis or a header says, a producer decides and does not trap.
@Suite struct ExtremeTimesTests {
    private static let times: [Int64] = [
        .min, .min + 1, .min / 1000, -1, 0, 1, 1_700_000_000, 1_800_000_000_000, .max / 1_000_000_000, .max / 1000 - 1, .max / 1000 + 1,
        .max - 86_400, .max - 1, .max,
    ]
    private static let heights: [UInt64] = [0, 1, UInt64(Int64.max), .max - 1, .max]

    @Test func aDecisionIsMadeOnAnyParentAtAnyTime() throws {
        let keys = Authorities(count: 4)
        for blockTime in [1, 86_400] as [Int64] {
            let schedules = [
                ProducerSchedule(rules: try keys.rules(), blockTimeSeconds: .max, takeover: true),
                ProducerSchedule(rules: try keys.rules(strictBlockTime: blockTime), blockTimeSeconds: .min, takeover: false),
            ]
            for schedule in schedules {
                for timestamp in Self.times {
                    for height in Self.heights {
                        for clock in Self.times { check(schedule, keys, height, timestamp, clock) }
                    }
                }
            }
        }
    }

    private func check(_ schedule: ProducerSchedule, _ keys: Authorities, _ height: UInt64, _ timestamp: Int64, _ clock: Int64) {
        let parent = ProductionParent(height: height, timestamp: timestamp, knownSince: 0)
        let now = Moment(uptime: .seconds(5), unixMilliseconds: clock)
        for address in keys.addresses {
            let decision = schedule.decide(parent: parent, address: address, isSyncing: false, now: now)
            if case .produce(let made, _, _) = decision { #expect(made > timestamp, "\(timestamp) at \(clock)") }
            if case .wait(let until) = decision { #expect(until > clock || until == .max, "\(timestamp) at \(clock)") }
        }
    }
}
