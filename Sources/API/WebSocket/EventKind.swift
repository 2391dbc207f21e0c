internal import Primitives

/// The four kinds of event of the stream (`api.md`), as a set.
struct EventKinds: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    static let newBlock = EventKinds(rawValue: 1)
    static let newTransaction = EventKinds(rawValue: 2)
    static let chainUpdate = EventKinds(rawValue: 4)
    static let mempoolUpdate = EventKinds(rawValue: 8)
    static let all: EventKinds = [.newBlock, .newTransaction, .chainUpdate, .mempoolUpdate]

    /// `nil` for a name that is none of the four.
    init?(_ name: ByteString) {
        switch name {
        case "new_block": self = .newBlock
        case "new_transaction": self = .newTransaction
        case "chain_update": self = .chainUpdate
        case "mempool_update": self = .mempoolUpdate
        default: return nil
        }
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }
}

/// What a client has subscribed to.
///
/// As on the Go node: without any subscription it gets all events; one to an unknown name counts, and brings none.
struct Subscription: Sendable {
    private var kinds: EventKinds = []
    private var unknown: Set<ByteString> = []

    /// Unknown names that are remembered, to be unsubscribed again. No client has a use for more.
    private static let maxUnknown = 16

    /// What it is to be told.
    var wanted: EventKinds { kinds.isEmpty && unknown.isEmpty ? .all : kinds }

    /// Takes a client's message. What makes no sense is ignored, as on the Go node.
    mutating func take(_ message: [UInt8]) {
        guard let order = Subscription.parse(message) else { return }
        for name in order.events {
            if let kind = EventKinds(name) {
                if order.adds { kinds.insert(kind) } else { kinds.remove(kind) }
            } else if !order.adds {
                unknown.remove(name)
            } else if unknown.count < Subscription.maxUnknown {
                unknown.insert(name)
            }
        }
    }

    /// `{"action":"subscribe","events":["new_block"]}`; `nil` for anything else.
    private static func parse(_ message: [UInt8]) -> (adds: Bool, events: [ByteString])? {
        message.withUnsafeBytes { bytes in
            try? read(bytes)
        }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> (adds: Bool, events: [ByteString])? {
        var json = JSONReader(bytes)
        var action = ByteString([])
        var events: [ByteString] = []
        try json.beginObject()
        while let key = try json.nextKey() {
            if key.matches("action") {
                action = try json.readString()
            } else if key.matches("events") {
                events = []
                if try json.consumeNull() { continue }
                try json.beginArray()
                while try json.nextElement() { events.append(try json.readString()) }
            } else {
                _ = try json.skipValue()
            }
        }
        try json.end()
        switch action {
        case "subscribe": return (true, events)
        case "unsubscribe": return (false, events)
        default: return nil
        }
    }
}
