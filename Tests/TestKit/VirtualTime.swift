public import Primitives

/// Events by time; those of one time in the order in which they came. A binary heap.
public struct EventQueue<Event> {
    private struct Item {
        let time: Nanoseconds
        let order: UInt64
        let event: Event

        func isBefore(_ other: Item) -> Bool { (time, order) < (other.time, other.order) }
    }

    private var heap: [Item] = []
    private var count: UInt64 = 0

    public init() {}

    public var isEmpty: Bool { heap.isEmpty }
    public var nextTime: Nanoseconds? { heap.first?.time }

    public mutating func push(_ event: Event, at time: Nanoseconds) {
        count += 1
        heap.append(Item(time: time, order: count, event: event))
        var index = heap.count - 1
        while index > 0, heap[index].isBefore(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    public mutating func pop() -> Event? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if heap.isEmpty { return first.event }
        heap[0] = last
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].isBefore(heap[least]) { least = child }
            if least == index { return first.event }
            heap.swapAt(index, least)
            index = least
        }
    }
}

/// Time that goes on only from event to event. Events of one time happen in the order in which they were scheduled, so a run follows from what
/// is put in.
public struct VirtualTime<Event> {
    /// Both clocks go alike.
    public private(set) var now: Moment
    /// Events that have happened.
    public private(set) var eventCount = 0
    private var queue = EventQueue<Event>()

    /// - Parameters:
    ///   - uptime: where the monotonic clock begins.
    ///   - unixMilliseconds: what the wall clock shows at uptime 0.
    public init(uptime: Nanoseconds = .seconds(1), unixMilliseconds: Int64 = 1_800_000_000_000) {
        epoch = unixMilliseconds
        now = Moment(uptime: uptime, unixMilliseconds: unixMilliseconds + uptime / 1_000_000)
    }

    /// Milliseconds of the wall clock at uptime 0.
    public let epoch: Int64

    public var uptime: Nanoseconds { now.uptime }
    public var nextTime: Nanoseconds? { queue.nextTime }

    /// `event` happens after `span`, or as the next thing where that is over.
    public mutating func schedule(_ event: Event, after span: Nanoseconds) {
        queue.push(event, at: now.uptime + max(span, 0))
    }

    public mutating func schedule(_ event: Event, at time: Nanoseconds) {
        queue.push(event, at: max(time, now.uptime))
    }

    /// Goes on to the next event and gives it; `nil` when there is none until `end`.
    public mutating func next(until end: Nanoseconds = .max) -> Event? {
        guard let time = queue.nextTime, time <= end, let event = queue.pop() else { return nil }
        pass(until: time)
        eventCount += 1
        return event
    }

    /// Lets time pass in which nothing happens.
    public mutating func pass(until time: Nanoseconds) {
        let uptime = max(now.uptime, time)
        now = Moment(uptime: uptime, unixMilliseconds: epoch + uptime / 1_000_000)
    }
}
