import Network
import Primitives
import Session
import Testing
import Wire

/// What all connections together may read, write and make wait.
@Suite struct SessionTableTests {
    /// Sessions without sockets, and what would have happened to those.
    final class Harness {
        var table: SessionTable
        var time: Nanoseconds = .seconds(1)
        var effects: [SessionEffect] = []
        /// The first byte of each frame that was taken, with whose it is.
        var taken: [(id: PeerID, first: UInt8)] = []
        var violations: [PeerID] = []
        /// What waits in each socket.
        var queues: [PeerID: Int] = [:]

        init(maxFrameBytes: Int = NetworkLimits.maxFrameBytes) {
            table = SessionTable(maxFrameBytes: maxFrameBytes)
        }

        var now: Moment { Moment(uptime: time, unixMilliseconds: time / 1_000_000) }

        /// A connection whose handshake has come.
        func open() -> PeerID {
            let id = table.open() ?? PeerID(slot: .max, generation: 0)
            table.limitFrames(id, to: NetworkLimits.maxFrameBytes)
            return id
        }

        /// Bytes come; all frames that may be taken are.
        func read(_ bytes: [UInt8], from id: PeerID, holdsBackAfter last: UInt8? = nil) {
            bytes.withUnsafeBytes { bytes in
                var rest = bytes
                while take(&rest, from: id) { if taken.last?.first == last { table.holdBack(id, at: now, into: &effects) } }
            }
            #expect(table.checkInvariants() == [])
        }

        private func take(_ rest: inout UnsafeRawBufferPointer, from id: PeerID) -> Bool {
            switch table.take(&rest, from: id, at: now, into: &effects) {
            case .frame(let frame):
                taken.append((id, frame.withUnsafeBytes { $0[0] }))
                return true
            case .violation:
                violations.append(id)
                return false
            case .nothing: return false
            }
        }

        /// Goes on with all who may.
        func goOn() {
            while var kept = table.nextToGoOn(at: now) {
                let (id, start) = (kept.id, kept.start)
                kept.start = kept.bytes.withUnsafeBytes { bytes in
                    var rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
                    _ = take(&rest, from: id)
                    return bytes.count - rest.count
                }
                table.goOn(with: kept, into: &effects)
                #expect(table.checkInvariants() == [])
            }
        }

        func check() -> [SessionTable.Finding] {
            var findings: [SessionTable.Finding] = []
            table.check(at: now, queuedBytes: { queues[$0] ?? 0 }, into: &findings)
            #expect(table.checkInvariants() == [])
            return findings
        }

        /// The socket took a frame and has so much in its queue now.
        func wrote(_ id: PeerID, leaves byteCount: Int) -> SessionTable.Written {
            queues[id] = byteCount
            return table.wrote(id, queue: SocketQueue(byteCount: byteCount, isAboveHighWater: byteCount > 1 << 20), isRefused: false)
        }

        func closed(_ id: PeerID) -> Bool { table.closed(id) }
        func close(_ id: PeerID) { table.close(id, flushes: false, into: &effects) }
        func fellToLowWater(_ id: PeerID) -> Bool { table.fellToLowWater(id) }
        func blocksRead(_ id: PeerID, frame: [UInt8]?) -> Bool { table.blocksRead(id, frame: frame, into: &effects) }

        func ask(_ id: PeerID, _ height: UInt64) {
            table.answer(id, with: HeightRange(first: height, last: height)!, isSingle: true)
            table.dispatchAnswers(into: &effects)
            #expect(table.checkInvariants() == [])
        }

        /// Whose blocks are being read since the last call.
        func asked() -> [PeerID] {
            defer { effects = [] }
            return effects.compactMap { if case .readBlocks(let id, _, _) = $0 { id } else { nil } }
        }

        var writes: [PeerID] { effects.compactMap { if case .write(let id, _) = $0 { id } else { nil } } }
        var paused: [PeerID] { effects.compactMap { if case .pauseReading(let id) = $0 { id } else { nil } } }
        var resumed: [PeerID] { effects.compactMap { if case .resumeReading(let id) = $0 { id } else { nil } } }
        var turns: Int { effects.count { if case .nextTurn = $0 { true } else { false } } }
    }

    /// A frame of `count` bytes, the first of which is `first`.
    static func frame(_ first: UInt8, count: Int = 1) -> [UInt8] {
        withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) } + [first] + [UInt8](repeating: 0, count: count - 1)
    }

    // MARK: Reading

    @Test func whatIsReadAfterAStopIsKeptAndComesFirstAndInOrder() {
        let harness = Harness()
        let id = harness.open()
        harness.read(Self.frame(1) + Self.frame(2) + Self.frame(3) + Self.frame(4), from: id, holdsBackAfter: 2)
        #expect(harness.taken.map(\.first) == [1, 2])
        #expect(harness.paused == [id])
        harness.goOn()
        #expect(harness.taken.count == 2, "nothing goes on before the core says so")
        harness.table.resume(id, at: harness.now)
        harness.goOn()
        #expect(harness.taken.map(\.first) == [1, 2, 3, 4])
        #expect(harness.resumed == [id])
    }

    @Test func sessionsGoOnOneAfterTheOther() {
        let harness = Harness()
        let ids = [harness.open(), harness.open()]
        for id in ids { harness.read(Self.frame(1) + Self.frame(2) + Self.frame(3), from: id, holdsBackAfter: 1) }
        for id in ids.reversed() { harness.table.resume(id, at: harness.now) }
        harness.taken = []
        harness.goOn()
        #expect(harness.taken.map(\.id) == [ids[1], ids[1], ids[0], ids[0]])
        #expect(harness.resumed == [ids[1], ids[0]])
    }

    @Test func aSessionThatIsHeldBackAgainKeepsTheRestOfWhatItKept() {
        let harness = Harness()
        let id = harness.open()
        harness.read((1...5).flatMap { Self.frame($0) }, from: id, holdsBackAfter: 1)
        for expected in 2...5 {
            harness.table.resume(id, at: harness.now)
            guard var kept = harness.table.nextToGoOn(at: harness.now) else {
                Issue.record("nothing to go on with")
                return
            }
            let start = kept.start
            kept.start = kept.bytes.withUnsafeBytes { bytes in
                var rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
                if case .frame(let frame) = harness.table.take(&rest, from: id, at: harness.now, into: &harness.effects) {
                    #expect(frame.withUnsafeBytes { $0[0] } == UInt8(expected))
                }
                return bytes.count - rest.count
            }
            harness.table.holdBack(id, at: harness.now, into: &harness.effects)
            harness.table.goOn(with: kept, into: &harness.effects)
            #expect(harness.table.checkInvariants() == [])
            #expect(harness.table.nextToGoOn(at: harness.now) == nil)
        }
    }

    // MARK: The frame budget

    @Test func framesThatFindNoRoomWaitInTheOrderInWhichTheyCame() {
        let harness = Harness()
        let ids = (0..<8).map { _ in harness.open() }
        let large = Self.frame(9, count: NetworkLimits.maxFrameBytes)
        // Six find room; the seventh is large, the eighth small enough for what is left.
        for id in ids[..<7] { harness.read(Array(large.prefix(1000)), from: id) }
        harness.read(Array(Self.frame(8, count: 100_000).prefix(1000)), from: ids[7])
        #expect(harness.paused == [ids[6]], "what is left of the budget goes to whoever it is enough for, until somebody waits")
        let late = harness.open()
        harness.read(Array(large.prefix(1000)), from: late)
        harness.read(Array(large.dropFirst(1000)), from: ids[2])
        harness.goOn()
        #expect(harness.resumed == [ids[6]], "the longest waiting, and no room for the other")
        harness.read(Array(large.dropFirst(1000)), from: ids[6])
        harness.goOn()
        #expect(harness.resumed == [ids[6], late])
        harness.read(Array(large.dropFirst(1000)), from: late)
        #expect(harness.taken.map(\.id) == [ids[2], ids[6], late])
    }

    @Test func whoGoesGivesItsPlaceAndItsRoomBack() {
        let harness = Harness()
        let ids = (0..<8).map { _ in harness.open() }
        let large = Self.frame(9, count: NetworkLimits.maxFrameBytes)
        for id in ids { harness.read(Array(large.prefix(1000)), from: id) }
        #expect(harness.paused == [ids[6], ids[7]])
        #expect(harness.closed(ids[6]))
        harness.close(ids[0])
        harness.goOn()
        #expect(harness.resumed == [ids[7]])
        #expect(!harness.closed(ids[0]), "who was closed here is no news")
    }

    @Test func timeInWhichAFrameWaitsForTheBudgetDoesNotCountAgainstIt() {
        let harness = Harness()
        let ids = (0..<7).map { _ in harness.open() }
        let large = Self.frame(9, count: NetworkLimits.maxFrameBytes)
        for id in ids { harness.read(Array(large.prefix(1000)), from: id) }
        harness.time += NetworkLimits.frameAllowance(byteCount: NetworkLimits.maxFrameBytes)
        var overdue: [PeerID] = []
        var unread: [PeerID] = []
        for finding in harness.check() {
            if case .overdue(let id, _) = finding { overdue.append(id) }
            if case .notRead(let id) = finding { unread.append(id) }
        }
        #expect(overdue == Array(ids[..<6]))
        #expect(unread == [ids[6]])
        for id in overdue { harness.close(id) }
        harness.goOn()
        harness.time += .seconds(1)
        #expect(harness.check().isEmpty)
        harness.read(Array(large.dropFirst(1000)), from: ids[6])
        #expect(harness.taken.map(\.id) == [ids[6]])
    }

    // MARK: Answers

    @Test func answersAreReadInTheOrderOfTheRequestsTwoAtATime() {
        let harness = Harness()
        let ids = (0..<4).map { _ in harness.open() }
        for id in ids { harness.ask(id, 1) }
        #expect(harness.asked() == [ids[0], ids[1]])
        #expect(!harness.blocksRead(ids[1], frame: [0]))
        #expect(harness.wrote(ids[1], leaves: 0) == .answered)
        harness.table.dispatchAnswers(into: &harness.effects)
        #expect(harness.asked() == [ids[2]])
    }

    @Test func anAnswerThatCouldNotBeReadLetsThePeerGoOn() {
        let harness = Harness()
        let id = harness.open()
        harness.ask(id, 1)
        #expect(harness.blocksRead(id, frame: nil))
        #expect(harness.writes.isEmpty)
    }

    @Test func aPeersNextAnswerWaitsUntilItsSocketHasRoom() {
        let harness = Harness()
        let id = harness.open()
        harness.ask(id, 1)
        _ = harness.blocksRead(id, frame: [0])
        #expect(harness.wrote(id, leaves: 2 << 20) == .noted)
        #expect(harness.fellToLowWater(id))
        #expect(!harness.fellToLowWater(id), "once for each answer")
    }

    @Test func noAnswerIsReadWhileTheSocketsHoldTooMuchAndTheWorstThatTakesNothingGoes() {
        let harness = Harness()
        let ids = (0..<5).map { _ in harness.open() }
        for id in ids[..<3] { _ = harness.wrote(id, leaves: 24 << 20) }
        _ = harness.wrote(ids[0], leaves: 25 << 20)
        harness.ask(ids[3], 1)
        #expect(harness.asked() == [])
        // The greatest queue shrinks, if slowly; of the two that are stuck one goes.
        var findings: [SessionTable.Finding] = []
        for _ in 0...SessionLimits.stuckChecks {
            harness.queues[ids[0]]! -= 1000
            harness.queues[ids[2]] = (24 << 20) + 1
            findings = harness.check()
        }
        guard case .stuck(ids[2]) = findings.first else {
            Issue.record("\(findings)")
            return
        }
        harness.close(ids[2])
        _ = harness.closed(ids[2])
        harness.table.dispatchAnswers(into: &harness.effects)
        #expect(harness.asked() == [ids[3]])
    }

    @Test func aStuckReaderStaysWhileNobodyWaitsForItsRoom() {
        let harness = Harness()
        let id = harness.open()
        _ = harness.wrote(id, leaves: 65 << 20)
        for _ in 0..<10 { #expect(harness.check().isEmpty) }
    }

    @Test func anAnswerForOneWhoHasGoneMakesRoomForTheNext() {
        let harness = Harness()
        let ids = (0..<4).map { _ in harness.open() }
        for id in ids { harness.ask(id, 1) }
        _ = harness.asked()
        #expect(harness.closed(ids[0]))
        #expect(harness.closed(ids[2]))
        #expect(!harness.blocksRead(ids[0], frame: [0]))
        harness.table.dispatchAnswers(into: &harness.effects)
        #expect(harness.asked() == [ids[3]], "who left the queue is passed over")
    }

    // MARK: Bulk

    @Test func bulkGoesOutAFewFramesATurnAndOtherFramesOvertakeIt() {
        let harness = Harness()
        let ids = (0..<4).map { _ in harness.open() }
        let batch = [UInt8](repeating: 0, count: 40_000)
        for id in ids { harness.table.send(batch, to: [id], .bulk, into: &harness.effects) }
        harness.table.send([1], to: [ids[3]], .now, into: &harness.effects)
        #expect(harness.writes == [ids[3]])
        #expect(harness.turns == 1)
        harness.effects = []
        harness.table.turn(into: &harness.effects)
        #expect(harness.writes == [ids[0], ids[1]])
        #expect(harness.turns == 1)
        harness.effects = []
        harness.table.turn(into: &harness.effects)
        #expect(harness.writes == [ids[2], ids[3]])
        #expect(harness.turns == 0)
        #expect(harness.table.checkInvariants() == [])
    }

    @Test func moreBulkThanMayWaitGoesOutAtOnce() {
        let harness = Harness()
        let id = harness.open()
        for _ in 0..<SessionLimits.maxBulkFrames { harness.table.send([0], to: [id], .bulk, into: &harness.effects) }
        #expect(harness.writes.isEmpty)
        harness.table.send([0], to: [id], .bulk, into: &harness.effects)
        #expect(harness.writes.count == SessionLimits.maxBulkFrames + 1)
        #expect(harness.table.checkInvariants() == [])
    }

    // MARK: The end

    @Test func whatComesForAClosedSessionIsDropped() {
        let harness = Harness()
        let id = harness.open()
        harness.table.send([0], to: [id], .bulk, into: &harness.effects)
        harness.close(id)
        harness.effects = []
        harness.read(Self.frame(1), from: id)
        harness.table.send([0], to: [id], .now, into: &harness.effects)
        harness.table.turn(into: &harness.effects)
        harness.table.holdBack(id, at: harness.now, into: &harness.effects)
        harness.ask(id, 1)
        #expect(harness.taken.isEmpty)
        #expect(harness.effects.isEmpty)
        #expect(harness.wrote(id, leaves: 100) == .noted)
        #expect(!harness.closed(id))
        #expect(harness.table.checkInvariants() == [])
    }
}
