/// What one part of the node keeps for each of its peers: a dense array in the order in which they came, and an index by slot.
///
/// 1. A lookup is one read of the index, whatever the number of peers. It finds nobody when the generation is another one.
/// 2. A walk goes in the order of insertion, so that the same events give the same effects, and reads memory from front to end.
/// 3. Insertion is constant. Removal closes the gap and so is linear in the peers that came later; it happens once for a
///    connection.
/// 4. Nothing is hashed, and nothing is allocated but when there are more peers, or a higher slot, than ever before.
public struct PeerArray<Element: Identifiable> where Element.ID == PeerID {
    /// Who has a slot and where it stands. Nobody: generation 0 and a negative position.
    @usableFromInline
    struct Place: Sendable {
        @usableFromInline var generation: UInt32 = 0
        @usableFromInline var position: Int32 = -1

        @usableFromInline
        init() {}
    }

    /// By slot.
    @usableFromInline var places: [Place] = []
    @usableFromInline var elements: [Element] = []

    @inlinable
    public init() {}

    /// Where a peer stands in the order, until one before it is removed.
    @inlinable
    public func position(of id: PeerID) -> Int? {
        guard id.slot < places.count else { return nil }
        let place = places[Int(id.slot)]
        guard place.generation == id.generation, place.position >= 0 else { return nil }
        return Int(place.position)
    }

    @inlinable
    public func contains(_ id: PeerID) -> Bool { position(of: id) != nil }

    /// A copy of what is kept for a peer; `nil` when there is nothing.
    @inlinable
    public subscript(id: PeerID) -> Element? {
        guard let position = position(of: id) else { return nil }
        return elements[position]
    }

    /// Changes what is kept for a peer, in place. Returns what `body` does; `nil` without calling it when there is nothing.
    @inlinable
    @discardableResult
    public mutating func update<Result>(_ id: PeerID, _ body: (inout Element) -> Result) -> Result? {
        guard let position = position(of: id) else { return nil }
        return body(&elements[position])
    }

    /// Adds a peer as the last one. Returns who had its slot until now, which is nobody unless a removal was forgotten.
    @inlinable
    @discardableResult
    public mutating func insert(_ element: Element) -> Element? {
        let slot = Int(element.id.slot)
        while places.count <= slot { places.append(Place()) }
        let displaced = places[slot].position >= 0 ? remove(at: Int(places[slot].position)) : nil
        places[slot].generation = element.id.generation
        places[slot].position = Int32(elements.count)
        elements.append(element)
        return displaced
    }

    /// Forgets a peer. Returns what was kept for it.
    @inlinable
    @discardableResult
    public mutating func remove(_ id: PeerID) -> Element? {
        position(of: id).map { remove(at: $0) }
    }

    @usableFromInline
    mutating func remove(at position: Int) -> Element {
        let element = elements.remove(at: position)
        places[Int(element.id.slot)] = Place()
        for later in position..<elements.count { places[Int(elements[later].id.slot)].position = Int32(later) }
        return element
    }

    /// Sentences about what does not hold, for tests.
    public func checkInvariants() -> [String] {
        var broken: [String] = []
        for (position, element) in elements.enumerated() where self.position(of: element.id) != position {
            broken.append("\(element.id) stands at \(position) and is looked up elsewhere")
        }
        let taken = places.count { $0.position >= 0 }
        if taken != elements.count { broken.append("\(elements.count) peers in \(taken) slots") }
        return broken
    }
}

extension PeerArray: RandomAccessCollection {
    @inlinable
    public var startIndex: Int { 0 }
    @inlinable
    public var endIndex: Int { elements.count }

    /// In the order of insertion. An element keeps its id for as long as it is here.
    @inlinable
    public subscript(position: Int) -> Element {
        _read { yield elements[position] }
        _modify { yield &elements[position] }
    }
}

extension PeerArray: Sendable where Element: Sendable {}
