import Network
import Testing

@Suite struct PeerSlotsTests {
    private func next(_ slots: inout PeerSlots) throws -> PeerID {
        let id = slots.open()
        return try #require(id)
    }

    @Test func aSlotThatWasFreedIsGivenAgainUnderAnotherGeneration() throws {
        var slots = PeerSlots()
        let first = try next(&slots)
        let second = try next(&slots)
        #expect(first == PeerID(slot: 0, generation: 1) && second == PeerID(slot: 1, generation: 2))
        slots.close(first)
        #expect(try next(&slots) == PeerID(slot: 0, generation: 3))
        #expect(slots.count == 2)
    }

    @Test func closingTwiceFreesTheSlotOnce() throws {
        var slots = PeerSlots()
        let first = try next(&slots)
        slots.close(first)
        slots.close(first)
        let second = try next(&slots)
        let third = try next(&slots)
        #expect(second.slot != third.slot)
        // The id of the connection that had the slot before frees nothing of the one that has it now.
        slots.close(first)
        #expect(slots.count == 2)
    }

    @Test func noMoreConnectionsThanTheCapacityGetAnId() throws {
        var slots = PeerSlots(capacity: 2)
        let first = try next(&slots)
        _ = try next(&slots)
        #expect(slots.open() == nil)
        slots.close(first)
        #expect(try next(&slots).slot == first.slot)
        #expect(slots.open() == nil)
    }

    @Test func anIdThatWasNeverGivenClosesNothing() throws {
        var slots = PeerSlots()
        slots.close(PeerID(slot: 7, generation: 7))
        slots.close(PeerID(slot: 0, generation: 0))
        #expect(slots.count == 0)
        #expect(try next(&slots) == PeerID(slot: 0, generation: 1))
    }

    @Test func noPairComesTwice() throws {
        var slots = PeerSlots()
        var open: [PeerID] = []
        var seen: Set<PeerID> = []
        for step in 0..<2000 {
            if step % 3 == 2 {
                slots.close(open.remove(at: step * 7 % open.count))
            } else {
                let id = try next(&slots)
                #expect(seen.insert(id).inserted)
                open.append(id)
            }
        }
        #expect(Set(open.map(\.slot)).count == open.count, "no slot is held by two")
    }

    @Test func theOlderConnectionComesFirstWhateverItsSlot() {
        #expect(PeerID(slot: 9, generation: 1) < PeerID(slot: 0, generation: 2))
        #expect("\(PeerID(slot: 9, generation: 12))" == "#12")
    }
}
