internal import EventLoop
internal import Platform
internal import Primitives
internal import Synchronization
internal import WholeFiles

/// Lets threads that wait for this core go first between two pieces of work, where that costs little.
///
/// With fewer cores than busy threads, the loop's thread, with a ping to answer or a block to relay, would wait for a whole chunk of
/// signatures: a server's kernel does not take the core from one thread because another woke up. The node's own threads need the core
/// for some 50 µs and give it back. A program that computes takes all that it gets, and a kernel may count a yield as a
/// turn taken (Linux since 6.18), which would leave us one signature in some milliseconds: so after a yield that took long there is none
/// for many times as long.
final class CoreSharing: Sendable {
    /// A yield that took longer went to somebody who computes: a kernel gives such a thread a millisecond and more.
    static let patience: Nanoseconds = 1_000_000
    /// For so many times as long as such a yield took there is no other: yields cost at most a twentieth of the time.
    static let rest: Nanoseconds = 20

    private let restsUntil = Atomic<Nanoseconds>(.min)

    /// Called between two pieces of work, from any thread. Half a microsecond when nobody waits.
    func yield() {
        let before = SystemClock.uptime
        guard !rests(at: before) else { return }
        SystemThread.yield()
        took(SystemClock.uptime - before, at: before)
    }

    /// Does a piece of work, then yields.
    func work<Item, Result>(on item: Item, _ body: (Item) -> Result) -> Result {
        defer { yield() }
        return body(item)
    }

    /// A yield at this uptime took so long.
    func took(_ duration: Nanoseconds, at uptime: Nanoseconds) {
        if duration > CoreSharing.patience { restsUntil.store(uptime + duration * (1 + CoreSharing.rest), ordering: .relaxed) }
    }

    func rests(at uptime: Nanoseconds) -> Bool { uptime < restsUntil.load(ordering: .relaxed) }
}
