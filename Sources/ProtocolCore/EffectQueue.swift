/// Effects of one part that the core has not carried out yet.
///
/// Two lists take turns: while one is carried out, what follows from it gathers in the other, and none is given back before it
/// is empty. Both keep their storage, so that an event allocates no list once the greatest number of effects has been met.
struct EffectQueue<Effect: Sendable>: Sendable {
    /// The part appends here.
    var waiting: [Effect] = []
    private var spare: [Effect] = []

    var isEmpty: Bool { waiting.isEmpty }

    /// Takes all that waits. Hand the list to `giveBack` once it is carried out.
    mutating func take() -> [Effect] {
        var taken: [Effect] = []
        swap(&taken, &spare)
        swap(&taken, &waiting)
        return taken
    }

    mutating func giveBack(_ list: inout [Effect]) {
        list.removeAll(keepingCapacity: true)
        swap(&list, &spare)
    }
}
