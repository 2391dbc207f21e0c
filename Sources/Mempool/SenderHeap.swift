internal import Primitives

/// The senders by what they have pending, the greatest first: whom eviction takes from.
///
/// A binary heap that knows the place of each sender, so that a sender's charge changes in O(log n). Equal charges are
/// ordered by address, so that two runs with the same input evict alike.
struct SenderHeap: Sendable {
    private struct Entry: Sendable {
        var sender: Address
        var charge: Int

        func isAbove(_ other: Entry) -> Bool {
            charge != other.charge ? charge > other.charge : sender < other.sender
        }
    }

    private var entries: [Entry] = []
    private var places: [Address: Int] = [:]

    var count: Int { entries.count }

    /// The sender with the greatest charge.
    var greatest: (sender: Address, charge: Int)? {
        entries.first.map { ($0.sender, $0.charge) }
    }

    /// Sets what `sender` has pending; 0 takes it out. O(log n).
    mutating func set(_ sender: Address, charge: Int) {
        guard let place = places[sender] else {
            guard charge > 0 else { return }
            entries.append(Entry(sender: sender, charge: charge))
            places[sender] = entries.count - 1
            siftUp(entries.count - 1)
            return
        }
        guard charge > 0 else { return remove(at: place) }
        entries[place].charge = charge
        settle(place)
    }

    private mutating func remove(at place: Int) {
        swap(place, entries.count - 1)
        places[entries.removeLast().sender] = nil
        if place < entries.count { settle(place) }
    }

    /// Moves one entry whose charge changed to where it belongs, up or down.
    private mutating func settle(_ place: Int) {
        siftDown(siftUp(place))
    }

    @discardableResult
    private mutating func siftUp(_ start: Int) -> Int {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            guard entries[place].isAbove(entries[parent]) else { break }
            swap(place, parent)
            place = parent
        }
        return place
    }

    private mutating func siftDown(_ start: Int) {
        var place = start
        while true {
            var best = place
            for child in [2 * place + 1, 2 * place + 2] where child < entries.count {
                if entries[child].isAbove(entries[best]) { best = child }
            }
            guard best != place else { return }
            swap(place, best)
            place = best
        }
    }

    private mutating func swap(_ first: Int, _ second: Int) {
        entries.swapAt(first, second)
        places[entries[first].sender] = first
        places[entries[second].sender] = second
    }

    /// Stops the program when the heap is out of order. For tests; O(n).
    func checkInvariants() {
        precondition(places.count == entries.count)
        for (index, entry) in entries.enumerated() {
            precondition(places[entry.sender] == index && entry.charge > 0)
            precondition(index == 0 || entries[(index - 1) / 2].isAbove(entry))
        }
    }
}
