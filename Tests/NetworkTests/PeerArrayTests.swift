import Network
import Testing

@Suite struct PeerArrayTests {
    private struct Peer: Identifiable, Equatable {
        let id: PeerID
        var value = 0
    }

    private func id(_ slot: UInt16, _ generation: UInt32) -> PeerID { PeerID(slot: slot, generation: generation) }

    @Test func anotherGenerationOfTheSlotFindsNobody() {
        var peers = PeerArray<Peer>()
        peers.insert(Peer(id: id(3, 1)))
        #expect(peers[id(3, 1)] != nil && peers[id(3, 2)] == nil && peers[id(2, 1)] == nil && peers[id(9, 1)] == nil)
        #expect(peers[id(2, 0)] == nil, "a slot that nobody has had is nobody's")
        peers.remove(id(3, 1))
        peers.insert(Peer(id: id(3, 2)))
        #expect(peers[id(3, 1)] == nil && peers.remove(id(3, 1)) == nil && peers.count == 1)
    }

    @Test func aWalkGoesInTheOrderOfInsertionWhateverTheSlots() {
        var peers = PeerArray<Peer>()
        for (slot, generation) in [(5, 1), (0, 2), (3, 3), (1, 4)] { peers.insert(Peer(id: id(UInt16(slot), UInt32(generation)))) }
        peers.remove(id(0, 2))
        peers.insert(Peer(id: id(0, 5)))
        #expect(peers.map(\.id.generation) == [1, 3, 4, 5])
        #expect(peers.checkInvariants() == [])
    }

    @Test func changesAreMadeInPlaceAndOnlyToWhoIsThere() {
        var peers = PeerArray<Peer>()
        peers.insert(Peer(id: id(0, 1)))
        #expect(peers.update(id(0, 1)) { $0.value += 2 } != nil)
        #expect(peers.update(id(0, 2)) { $0.value += 1 } == nil)
        #expect(peers[id(0, 1)]?.value == 2)
    }

    @Test func whoWasForgottenToBeRemovedGivesItsSlotToTheNewcomer() {
        var peers = PeerArray<Peer>()
        peers.insert(Peer(id: id(0, 1), value: 1))
        #expect(peers.insert(Peer(id: id(0, 2), value: 2)) == Peer(id: id(0, 1), value: 1))
        #expect(peers.map(\.value) == [2] && peers.checkInvariants() == [])
    }

    @Test func itHoldsWhatADictionaryHolds() {
        var slots = PeerSlots()
        var peers = PeerArray<Peer>()
        var expected: [PeerID: Int] = [:]
        var gone: [PeerID] = []
        for step in 0..<3000 {
            if step * 31 % 5 < 2, let id = expected.keys.min() {
                slots.close(id)
                gone.append(id)
                #expect(peers.remove(id)?.value == expected.removeValue(forKey: id))
            } else if let id = slots.open() {
                peers.insert(Peer(id: id, value: step))
                expected[id] = step
            }
            #expect(peers.count == expected.count)
        }
        #expect(expected.allSatisfy { peers[$0.key]?.value == $0.value })
        #expect(gone.allSatisfy { !peers.contains($0) })
        #expect(peers.checkInvariants() == [])
    }
}
