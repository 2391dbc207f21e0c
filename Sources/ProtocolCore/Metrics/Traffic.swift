public import Network
public import Wire

/// Whole messages over one connection since it opened. Bytes are those of the frames, their prefixes included.
public struct Traffic: Hashable, Sendable {
    public internal(set) var bytesIn: UInt64 = 0
    public internal(set) var bytesOut: UInt64 = 0
    public internal(set) var messagesIn: UInt64 = 0
    public internal(set) var messagesOut: UInt64 = 0

    public init() {}

    mutating func received(_ byteCount: Int) {
        messagesIn &+= 1
        bytesIn &+= UInt64(byteCount)
    }

    mutating func sent(_ byteCount: Int) {
        messagesOut &+= 1
        bytesOut &+= UInt64(byteCount)
    }
}

/// Messages and their bytes by type, in one direction. A fixed array, so that counting never allocates.
public struct TrafficByType: Sendable {
    /// What one type amounts to.
    public struct Sum: Hashable, Sendable {
        public internal(set) var messages: UInt64 = 0
        public internal(set) var bytes: UInt64 = 0
    }

    /// By the number of the type; 0, which is no type, for those that this version does not know.
    private var sums = [Sum](repeating: Sum(), count: 1 + Int(MessageType.allCases.map(\.rawValue).max() ?? 0))

    public init() {}

    /// `nil` is any type that this version does not know.
    public subscript(type: MessageType?) -> Sum { sums[Int(type?.rawValue ?? 0)] }

    /// Two additions in place: a few nanoseconds.
    mutating func count(_ type: MessageType?, byteCount: Int) {
        let index = Int(type?.rawValue ?? 0)
        sums[index].messages &+= 1
        sums[index].bytes &+= UInt64(byteCount)
    }
}

extension ProtocolCore {
    /// What went over a connection so far; `nil` when it is gone.
    public func traffic(of id: PeerID) -> Traffic? { links[id]?.traffic }

    /// A message went to these peers in a frame of so many bytes, its prefix included: one of `CoreEffect.send`, or an answer to a
    /// block request.
    public mutating func sent(_ type: MessageType, byteCount: Int, to receivers: [PeerID]) {
        for id in receivers {
            counters.sent.count(type, byteCount: byteCount)
            links.countSent(byteCount, to: id)
        }
    }

    mutating func countReceived(_ message: ReceivedMessage, from id: PeerID) {
        counters.received.count(message.type, byteCount: message.byteCount)
        links.countReceived(message.byteCount, from: id)
    }
}
