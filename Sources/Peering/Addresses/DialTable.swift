internal import Network
internal import OrderedCollections
internal import Primitives

/// Dials under way, in the order of their beginning. At most `PeeringLimits.maxConcurrentDials` to bootstrap peers and
/// as many to addresses of the book.
struct DialTable: Sendable {
    struct Dial: Sendable {
        let endpoint: Endpoint
        let isBootstrap: Bool
        var deadline: Nanoseconds
    }

    private var dials: OrderedDictionary<Endpoint, Dial> = [:]

    var count: Int { dials.count }
    var bootstrapCount: Int { dials.values.count(where: \.isBootstrap) }
    var bookCount: Int { count - bootstrapCount }
    var endpoints: [Endpoint] { Array(dials.keys) }
    var earliestDeadline: Nanoseconds? { dials.values.lazy.map(\.deadline).min() }

    func contains(_ endpoint: Endpoint) -> Bool { dials[endpoint] != nil }

    func count(in group: NetworkGroup) -> Int {
        dials.keys.count { NetworkGroup($0) == group }
    }

    mutating func begin(_ dial: Dial) {
        dials[dial.endpoint] = dial
    }

    /// Takes a dial out, because it ended in one way or another. `nil` when it was not under way.
    mutating func end(_ endpoint: Endpoint) -> Dial? {
        dials.removeValue(forKey: endpoint)
    }

    mutating func removeAll() {
        dials.removeAll()
    }

    func expired(at now: Nanoseconds) -> [Dial] {
        dials.values.filter { $0.deadline <= now }
    }

    mutating func extendAll(by delay: Nanoseconds) {
        for index in dials.values.indices { dials.values[index].deadline += delay }
    }
}
