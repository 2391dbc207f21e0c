internal import Foundation
internal import Synchronization
internal import Testing

@testable internal import EventLoop

private actor Guest {
    let loop: EventLoop
    private(set) var count = 0
    private var other: Guest?

    init(_ loop: EventLoop, other: Guest? = nil) {
        self.loop = loop
        self.other = other
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    func add() -> Bool {
        count += 1
        return loop.isOnLoop
    }

    func addThroughTheOther(times: Int) async -> Bool {
        var isOnLoop = true
        for _ in 0..<times { isOnLoop = await other?.add() ?? false && isOnLoop }
        return isOnLoop
    }

    func schedule(_ done: Events<Int>) throws {
        try loop.schedule(after: .zero) { [self] in
            // Straight from libuv's callback, without a hop.
            assumeIsolated { $0.count += 10 }
            done.send(assumeIsolated { $0.count })
        }
    }
}

private actor DefaultGuest {
    var count = 0
    func add() { count += 1 }
}

@Suite(.timeLimit(.minutes(1))) struct ExecutorTests {
    @Test func anActorRunsOnTheLoop() async throws {
        try await withLoop { loop in
            let guest = Guest(loop)
            for _ in 0..<100 { #expect(await guest.add()) }
            #expect(await guest.count == 100)
        }
    }

    @Test func actorsOfOneLoopCallEachOther() async throws {
        try await withLoop { loop in
            let inner = Guest(loop)
            let outer = Guest(loop, other: inner)
            #expect(await outer.addThroughTheOther(times: 5_000))
            #expect(await inner.count == 5_000)
        }
    }

    @Test func aCallbackMayAssumeTheActorsIsolation() async throws {
        try await withLoop { loop in
            let guest = Guest(loop)
            let done = Events<Int>()
            try await guest.schedule(done)
            #expect(await done.next() == 10)
        }
    }

    @Test func isolationIsKnownOnAndOffTheLoop() async throws {
        try await withLoop { loop in
            #expect(loop.isIsolatingCurrentContext() == false)
            #expect(await loop.perform { loop.isIsolatingCurrentContext() } == true)
            await loop.perform { loop.checkIsolated() }
        }
    }

    @Test func aTaskThatPrefersTheLoopRunsThereAndMayUseOtherActors() async throws {
        try await withLoop { loop in
            let other = DefaultGuest()
            let wasOnLoop = await Task(executorPreference: loop) {
                var isOnLoop = loop.isOnLoop
                for _ in 0..<100 {
                    await other.add()
                    await Task.yield()
                    isOnLoop = isOnLoop && loop.isOnLoop
                }
                return isOnLoop
            }.value
            #expect(wasOnLoop)
            #expect(await other.count == 100)
        }
    }

    @Test func anActorOutlivesItsLoop() async throws {
        let loop = try EventLoop.start()
        let guest = Guest(loop)
        await loop.stop()
        for _ in 0..<100 { #expect(await guest.add()) }
        #expect(await guest.count == 100)
    }

    @Test func anActorOnTheLoopMayAwaitItsStop() async throws {
        actor Owner {
            let loop: EventLoop
            init(_ loop: EventLoop) { self.loop = loop }
            nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
            func end() async throws -> Bool {
                await loop.stop()
                return loop.isOnLoop
            }
        }
        #expect(try await Owner(EventLoop.start()).end())
    }

    @Test func postsFromEightThreadsAllArriveOnceAndInEachThreadsOrder() async throws {
        try await withLoop { loop in
            let (threads, posts) = (8, 5_000)
            let seen = Mutex((0..<threads).map { _ in [Int]() })
            let done = Events<Void>()
            for thread in 0..<threads {
                Thread.detachNewThread {
                    for post in 0..<posts {
                        loop.execute { seen.withLock { $0[thread].append(post) } }
                    }
                    loop.execute { done.send() }
                }
            }
            for _ in 0..<threads { await done.next() }
            #expect(seen.withLock { $0 } == (0..<threads).map { _ in Array(0..<posts) })
        }
    }

    @Test func workThatMakesWorkDoesNotStarveTimers() async throws {
        try await withLoop { loop in
            let ran = Events<Void>()
            let isOver = Mutex(false)
            try await loop.perform { () throws(EventLoopError) in
                @Sendable func again() { if !isOver.withLock({ $0 }) { loop.execute { again() } } }
                again()
                try loop.schedule(after: .milliseconds(2)) {
                    isOver.withLock { $0 = true }
                    ran.send()
                }
            }
            await ran.next()
        }
    }
}

@Suite struct AddressTests {
    @Test(arguments: ["127.0.0.1", "0.0.0.0", "255.1.2.3", "::1", "::", "fe80::1234:5678:9abc:def0", "2001:db8::1", "fe80::1%lo"])
    func anAddressIsWrittenAsItWasRead(text: String) throws {
        #expect(try #require(SocketAddress(host: text, port: 1)).host == text)
    }

    @Test(arguments: ["", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::g", "127.0.0.1:80"])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(SocketAddress(host: text, port: 1) == nil)
    }

    @Test func aMappedIPv4AddressIsTheIPv4Address() throws {
        let mapped = try #require(SocketAddress(host: "::ffff:10.1.2.3", port: 1))
        #expect(mapped == SocketAddress(host: "10.1.2.3", port: 1))
        #expect(mapped.isIPv4)
        #expect(mapped.low == 0x0a01_0203)
    }

    @Test func anIPv6AddressIsBracketedBesideItsPort() {
        #expect(SocketAddress.loopbackV6(port: 9000).description == "[::1]:9000")
        #expect(SocketAddress.loopbackV4(port: 9000).description == "127.0.0.1:9000")
        #expect(SocketAddress(host: "2001:db8::1", port: 1)?.high == 0x2001_0db8_0000_0000)
    }
}
