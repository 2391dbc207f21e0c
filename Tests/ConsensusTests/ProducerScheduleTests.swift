import Consensus
import Ledger
import Primitives
import Testing

@Suite struct ProducerScheduleTests {
    let keys = Authorities(count: 4)
    let rules: ChainRules

    init() throws {
        rules = try keys.rules()
    }

    func schedule(takeover: Bool = true, blockTime: Int64 = 5) -> ProducerSchedule {
        ProducerSchedule(rules: rules, blockTimeSeconds: blockTime, takeover: takeover)
    }

    /// What authority `index` decides on a parent of `height` and timestamp 1000, known since its timestamp.
    func decide(
        _ index: Int, height: UInt64, at milliseconds: Int64, schedule: ProducerSchedule, isSyncing: Bool = false,
        knownSince: Int64 = 1_000_000
    ) -> ProductionDecision {
        schedule.decide(
            parent: ProductionParent(height: height, timestamp: 1000, knownSince: .milliseconds(knownSince)),
            address: keys.addresses[index], isSyncing: isSyncing, now: .wall(milliseconds))
    }

    @Test func seatsGoRoundByHeight() {
        let schedule = schedule()
        #expect((0..<5).map { schedule.seat(of: keys.addresses[2], at: $0)?.place } == [2, 1, 0, 3, 2])
        #expect(schedule.seat(of: keys.addresses[3], at: .max)?.place == 0)
    }

    @Test func theOneInTurnWaitsForTheBlockTimeAndThenProduces() {
        #expect(decide(1, height: 0, at: 1_004_999, schedule: schedule()) == .wait(untilUnixMilliseconds: 1_005_000))
        #expect(
            decide(1, height: 0, at: 1_005_000, schedule: schedule())
                == .produce(timestamp: 1005, producer: keys.names[1], place: 0))
    }

    @Test func aLateBlockCarriesTheSecondItIsMadeIn() {
        #expect(
            decide(1, height: 0, at: 1_017_900, schedule: schedule())
                == .produce(timestamp: 1017, producer: keys.names[1], place: 0))
    }

    @Test func takeoversOpenOneBlockTimeApartAndGiveTheirGrace() {
        let schedule = schedule()
        for place in 1...3 {
            let index = (1 + place) % 4
            let opening = 1_000_000 + Int64(place + 1) * 5000 + 500
            #expect(decide(index, height: 0, at: opening - 1, schedule: schedule) == .wait(untilUnixMilliseconds: opening))
            #expect(
                decide(index, height: 0, at: opening, schedule: schedule)
                    == .produce(timestamp: 1000 + Int64(place + 1) * 5, producer: keys.names[index], place: place))
        }
    }

    @Test func theGraceIsAQuarterOfAShortBlockTime() {
        #expect(schedule(blockTime: 1).takeoverGraceMilliseconds == 250)
        #expect(schedule(blockTime: 2).takeoverGraceMilliseconds == 500)
        #expect(schedule(blockTime: 60).takeoverGraceMilliseconds == 500)
    }

    @Test func withoutTakeoverOnlyTheOneInTurnProduces() {
        let schedule = schedule(takeover: false)
        #expect(
            decide(2, height: 0, at: 9_000_000, schedule: schedule)
                == .never(.notInTurn(authority: keys.names[1], height: 1)))
        #expect(
            decide(1, height: 0, at: 1_005_000, schedule: schedule)
                == .produce(timestamp: 1005, producer: keys.names[1], place: 0))
    }

    @Test func strictRulesSetTheBlockTimeAndTurnTakeoverOn() throws {
        let schedule = ProducerSchedule(rules: try keys.rules(strictBlockTime: 3), blockTimeSeconds: 60, takeover: false)
        #expect(schedule.blockTimeSeconds == 3)
        #expect(
            decide(2, height: 0, at: 1_006_500, schedule: schedule)
                == .produce(timestamp: 1006, producer: keys.names[2], place: 1))
    }

    @Test func aProducerThatSyncsMakesNothing() {
        #expect(decide(1, height: 0, at: 9_000_000, schedule: schedule(), isSyncing: true) == .never(.syncing))
    }

    @Test func aKeyThatIsNoAuthorityMakesNothing() {
        let stranger = Authorities(count: 1, seed: 99).addresses[0]
        let parent = ProductionParent(height: 0, timestamp: 1000, knownSince: 0)
        #expect(
            schedule().decide(parent: parent, address: stranger, isSyncing: false, now: .wall(9_000_000))
                == .never(.notAnAuthority(stranger)))
    }

    @Test func aClockBehindTheParentWaitsForTheSlot() {
        #expect(decide(1, height: 0, at: 400_000, schedule: schedule()) == .wait(untilUnixMilliseconds: 1_005_000))
    }

    @Test func anAddressListedInTwoSpellingsTakesBothTurnsInTheSpellingOfEach() throws {
        let lower = keys.addresses[0].lowercased
        let schedule = ProducerSchedule(
            rules: try keys.rules(authorities: [keys.names[0], keys.names[1], lower]), blockTimeSeconds: 5, takeover: true)
        #expect(
            decide(0, height: 1, at: 1_005_000, schedule: schedule) == .produce(timestamp: 1005, producer: lower, place: 0))
        #expect(
            decide(0, height: 2, at: 1_005_000, schedule: schedule)
                == .produce(timestamp: 1005, producer: keys.names[0], place: 0))
        // At height 1 the other authority is in turn, and the lower-case place comes before the first one.
        #expect(
            decide(0, height: 0, at: 1_010_500, schedule: schedule) == .produce(timestamp: 1010, producer: lower, place: 1))
        #expect(schedule.seat(of: keys.addresses[0], at: 3)?.producer == keys.names[0])
        #expect(schedule.seat(of: keys.addresses[1], at: 3)?.place == 1)
    }

    @Test func afterALongPauseATakeoverGivesThoseBeforeItABlockTimeEach() {
        // The parent is a day old; this node has known it as its head for one second.
        let now: Int64 = 90_000_000
        let decision = decide(3, height: 0, at: now, schedule: schedule(), knownSince: now - 1000)
        #expect(decision == .wait(untilUnixMilliseconds: now + 2 * 5000 - 1000))
        #expect(
            decide(1, height: 0, at: now, schedule: schedule(), knownSince: now)
                == .produce(timestamp: 90_000, producer: keys.names[1], place: 0))
    }

    @Test(arguments: [(UInt64.max, Int64(0)), (0, .max)])
    func nothingFollowsTheLastHeightOrTimestamp(height: UInt64, timestamp: Int64) {
        let parent = ProductionParent(height: height, timestamp: timestamp, knownSince: 0)
        #expect(
            schedule().decide(parent: parent, address: keys.addresses[0], isSyncing: false, now: .wall(.max))
                == .never(.noRoomAfterParent))
    }

    @Test(arguments: [Int64.max - 1, .min, .min + 1, 0, -1])
    func extremeTimestampsNeitherTrapNorMakeABlockInItsMakersFuture(timestamp: Int64) {
        for blockTime in [Int64.min, 0, 1, 5, .max] {
            for wall in [Int64.min, 0, 1_700_000_000_000, .max] {
                for index in 0..<4 {
                    let now = Moment(uptime: 0, unixMilliseconds: wall)
                    let decision = schedule(blockTime: blockTime).decide(
                        parent: ProductionParent(height: 5, timestamp: timestamp, knownSince: 0),
                        address: keys.addresses[index], isSyncing: false, now: now)
                    if case .produce(let made, _, _) = decision {
                        #expect(made > timestamp && made <= now.unixSeconds)
                    }
                }
            }
        }
    }
}
