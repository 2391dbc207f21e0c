public import Network
public import Primitives

/// A node without a peer, and what it has tried: what an operator needs to see why.
public struct Solitude: Hashable, Sendable {
    /// One of the peers that are dialled for ever.
    public struct Attempt: Hashable, Sendable {
        public var endpoint: Endpoint
        /// `nil` while its first dial is under way or ahead.
        public var trouble: DialTrouble?
        /// Whether the endpoint turned out to be this node.
        public var isOwn: Bool

        public init(_ endpoint: Endpoint, _ trouble: DialTrouble?, isOwn: Bool = false) {
            self.endpoint = endpoint
            self.trouble = trouble
            self.isOwn = isOwn
        }
    }

    /// For how long there has been no peer.
    public var lasted: Nanoseconds
    /// At most `PeeringLimits.maxToldAttempts`.
    public var attempts: [Attempt]
    /// How many peers that are dialled for ever are not among them.
    public var others: Int
    /// Addresses that other nodes told.
    public var knownAddresses: Int
    /// Whether this node is the only authority and nobody is to be dialled: a network of one, which is no fault.
    public var isNetworkOfOne: Bool
}

/// When to tell that there is no peer.
struct SolitudeClock: Sendable {
    /// Since when; `nil` while there are peers.
    private(set) var since: Nanoseconds?
    /// When it is told next.
    private(set) var nextTelling: Nanoseconds?

    /// The first telling comes late enough for a start and a restart of the others to be over.
    mutating func begin(at now: Nanoseconds) {
        guard since == nil else { return }
        since = now
        nextTelling = now + PeeringLimits.solitudeFirst
    }

    mutating func end() {
        since = nil
        nextTelling = nil
    }

    /// Sets the time of the next telling; `isLast` for what need not be told again.
    mutating func told(at now: Nanoseconds, isLast: Bool) {
        nextTelling = isLast ? nil : now + PeeringLimits.solitudeInterval
    }
}
