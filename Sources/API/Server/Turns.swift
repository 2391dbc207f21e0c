internal import DequeModule
internal import NIOCore

/// The complete requests of one connection: one is being answered, the others wait in the order in which they came. A plain value.
struct Turns {
    /// The request that is being answered.
    private(set) var current: Exchange?
    /// When its turn began.
    private(set) var began: NIODeadline
    /// Counts the turns, so that an answer that comes after its deadline is known.
    private(set) var number: UInt64 = 0
    private var waiting: Deque<Exchange> = []

    init(at now: NIODeadline) { began = now }

    /// Whether requests wait for their turn.
    var isAwaited: Bool { !waiting.isEmpty }

    /// Whether every request has been answered.
    var isIdle: Bool { current == nil && waiting.isEmpty }

    mutating func append(_ exchange: Exchange) { waiting.append(exchange) }

    /// Begins the next turn, if one waits and none goes on.
    mutating func next(at now: NIODeadline) -> Exchange? {
        guard current == nil, let next = waiting.popFirst() else { return nil }
        current = next
        number += 1
        began = now
        return next
    }

    /// The answer is made.
    mutating func end() { current = nil }

    /// The present turn takes too long: what is still made for it is dropped, and its answer is the connection's last.
    mutating func abandon() {
        number += 1
        current?.isLast = true
        current?.lingers = true
    }

    /// Drops the requests that wait.
    ///
    /// - Returns: bytes of bodies that the server counts no more.
    mutating func dropWaiting() -> Int {
        defer { waiting = [] }
        return waiting.reduce(0) { $0 + $1.reserved }
    }

    /// Drops all of them.
    ///
    /// - Returns: as `dropWaiting`.
    mutating func dropAll() -> Int {
        number += 1
        defer { current = nil }
        return dropWaiting() + (current?.reserved ?? 0)
    }
}
