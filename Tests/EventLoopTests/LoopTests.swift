internal import Foundation
internal import Synchronization
internal import Testing

@testable internal import EventLoop

@Suite(.timeLimit(.minutes(1))) struct LoopTests {
    @Test func stoppingWithFiftyOpenConnectionsClosesThemAllOnce() async throws {
        let (server, client) = (try EventLoop.start(name: "server"), try EventLoop.start(name: "client"))
        let opened = Events<Void>()
        let serverReasons = Mutex<[CloseReason]>([])
        let clientReasons = Mutex<[CloseReason]>([])
        final class Counter: TCPConnectionDelegate {
            let onClose: (CloseReason) -> Void
            init(_ onClose: @escaping (CloseReason) -> Void) { self.onClose = onClose }
            func connection(_ connection: TCPConnection, didRead bytes: UnsafeRawBufferPointer) {}
            func connectionDidClose(_ connection: TCPConnection, reason: CloseReason) { onClose(reason) }
        }
        let listener = try await server.perform { () throws(EventLoopError) in
            try server.listen(on: .loopbackV4()) { connection in
                connection.delegate = Counter { reason in serverReasons.withLock { $0.append(reason) } }
                connection.startReading()
                // Some have writes under way.
                connection.write([UInt8](repeating: 1, count: 10_000_000))
                opened.send()
            }
        }
        for _ in 0..<50 {
            let address = listener.localAddress
            let connection = try #require(await client.outcome(host: "127.0.0.1", port: address.port)).get()
            await client.perform {
                // Not reading, so the server's writes stay under way.
                connection.delegate = Counter { reason in clientReasons.withLock { $0.append(reason) } }
            }
            await opened.next()
        }
        await server.stop()
        #expect(serverReasons.withLock { $0 } == Array(repeating: .loopStopped, count: 50))
        await client.stop()
        #expect(clientReasons.withLock { $0 } == Array(repeating: .loopStopped, count: 50))
    }

    @Test func everythingIsFreedAfterTheStop() async throws {
        weak var weakLoop: EventLoop?
        weak var weakConnection: TCPConnection?
        weak var weakTimer: EventLoop.Timer?
        weak var weakListener: TCPListener?
        weak var weakHandler: Handler?
        do {
            let loop = try EventLoop.start()
            let listener = try await loop.serve { _ in .echo() }
            let handler = Handler()
            let connection = try await loop.open(listener.localAddress, handler)
            let timer = try await loop.perform { () throws(EventLoopError) in try loop.schedule(every: .seconds(1)) {} }
            (weakLoop, weakConnection, weakTimer, weakListener) = (loop, connection, timer, listener)
            weakHandler = handler
            await loop.stop()
        }
        #expect(weakConnection == nil)
        #expect(weakTimer == nil)
        #expect(weakListener == nil)
        #expect(weakHandler == nil)
        #expect(weakLoop == nil)
    }

    @Test func whatIsClosedGivesItsHandleBack() async throws {
        try await withLoop { loop in
            let listener = try await loop.serve { _ in .echo() }
            let handler = Handler()
            let connection = try await loop.open(listener.localAddress, handler)
            await loop.perform {
                connection.close()
                listener.close()
            }
            #expect(await handler.closed.next() == .requested)
            // The server's side sees the end and closes too, a few turns later.
            while await loop.perform({ loop.openHandleCount }) > 0 {}
        }
    }

    @Test func stoppingTwiceGivesTheSameOutcome() async throws {
        let loop = try EventLoop.start()
        async let first: Void = loop.stop()
        async let second: Void = loop.stop()
        _ = await (first, second)
        await loop.stop()
        await Task.detached { loop.stopAndWait() }.value
    }

    @Test func whatIsPostedBeforeAndAfterTheStopRuns() async throws {
        let loop = try EventLoop.start()
        let ran = Events<Bool>()
        for _ in 0..<10 { loop.execute { ran.send(loop.isOnLoop) } }
        await loop.stop()
        for _ in 0..<10 { loop.execute { ran.send(loop.isOnLoop) } }
        for _ in 0..<20 { #expect(await ran.next() == true) }
    }

    @Test func aStoppedLoopRefusesNewHandles() async throws {
        let loop = try EventLoop.start()
        await loop.stop()
        let error = await loop.perform { () -> EventLoopError? in
            do throws(EventLoopError) {
                try loop.schedule(after: .zero) {}
                return nil
            } catch {
                return error
            }
        }
        #expect(error?.code == .canceled)
        guard case .failure(let failure) = await loop.outcome(host: "127.0.0.1", port: 1) else { throw Unexpected() }
        #expect(failure.code == .canceled)
    }

    @Test func stoppingEndsAttemptsAndLookups() async throws {
        let (sockets, port) = try RawSocket.blackHole()
        defer { for socket in sockets { socket.close() } }
        let loop = try EventLoop.start()
        let results = Events<EventLoopError.Code?>()
        await loop.perform {
            for host in ["127.0.0.1", "localhost", "localhost", "localhost", "localhost", "localhost"] {
                loop.connect(host: host, port: port) { result in
                    if case .failure(let error) = result { results.send(error.code) } else { results.send(nil) }
                }
            }
            loop.stop {}
        }
        await loop.stop()
        for _ in 0..<6 { #expect(await results.next() == .canceled) }
    }

    @Test func aBusyLoopReportsItsLag() async throws {
        try await withLoop { loop in
            // Busy for longer than the interval, so that a measurement falls into it wherever it starts.
            let extra: Int64 = 150_000_000
            #expect(EventLoopLimits.lagInterval == .milliseconds(500))
            let lags = Events<(latest: Int64, worst: Int64)>()
            try await loop.perform { () throws(EventLoopError) in
                let end = loop.now + 500_000_000 + extra
                while loop.now < end {}
                // Due after the measurement that is late, and so run next after it.
                try loop.schedule(after: .zero) { lags.send((loop.loopLag, loop.takeWorstLoopLag())) }
            }
            let lag = try #require(await lags.next())
            #expect(lag.latest >= extra - 10_000_000)
            #expect(lag.worst >= lag.latest)
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct TimerTests {
    @Test func timersRunInTheOrderOfTheirTimes() async throws {
        try await withLoop { loop in
            let order = Events<Int>()
            try await loop.perform { () throws(EventLoopError) in
                for delay in [30, 10, 20, 0] { try loop.schedule(after: .milliseconds(delay)) { order.send(delay) } }
            }
            for expected in [0, 10, 20, 30] { #expect(await order.next() == expected) }
            #expect(await loop.perform { loop.openHandleCount } == 0)
        }
    }

    @Test func aTimerNeverRunsEarly() async throws {
        try await withLoop { loop in
            let early = Events<Int64>()
            for microseconds in [0, 1, 500, 999, 1_000, 1_001, 2_500, 7_777] {
                try await loop.perform { () throws(EventLoopError) in
                    let due = loop.now + Int64(microseconds) * 1_000
                    let timer = try EventLoop.Timer(on: loop) { early.send(due - loop.now) }
                    timer.set(at: due)
                }
                #expect(try #require(await early.next()) <= 0)
            }
        }
    }

    @Test func aRepeatingTimerRunsUntilItIsCancelled() async throws {
        try await withLoop { loop in
            let done = Events<Int>()
            await loop.perform {
                // Used on the loop only.
                nonisolated(unsafe) var (count, timer) = (0, EventLoop.Timer?.none)
                timer = try? loop.schedule(every: .milliseconds(1)) {
                    count += 1
                    if count == 5 {
                        timer?.cancel()
                        done.send(count)
                        _ = try? loop.schedule(after: .milliseconds(10)) { done.send(count) }
                    }
                }
            }
            #expect(await done.next() == 5)
            #expect(await done.next() == 5)
        }
    }

    @Test func aTimerCanBeMovedUnsetAndSetAgain() async throws {
        try await withLoop { loop in
            let runs = Events<String>()
            let timer = try await loop.perform { () throws(EventLoopError) in try EventLoop.Timer(on: loop) { runs.send("run") } }
            try await loop.perform { () throws(EventLoopError) in
                timer.set(after: .seconds(3600))
                #expect(timer.isSet)
                timer.unset()
                #expect(!timer.isSet)
                timer.set(after: .milliseconds(1))
                timer.set(after: .milliseconds(5))
                try loop.schedule(after: .milliseconds(20)) { runs.send("later") }
            }
            #expect(await runs.next() == "run")
            #expect(await runs.next() == "later", "moved, not doubled")
            await loop.perform {
                timer.set(after: .zero)
                timer.cancel()
                timer.set(after: .zero)
                #expect(!timer.isSet)
            }
        }
    }

    @Test func betweenTwoPiecesOfWorkTheSocketsAreLookedAt() async throws {
        let (server, client) = (try EventLoop.start(name: "server"), try EventLoop.start(name: "client"))
        let order = Mutex<[String]>([])
        let accepted = Events<TCPConnection>()
        let listener = try await server.perform { () throws(EventLoopError) in
            try server.listen(on: .loopbackV4()) { connection in
                let handler = Handler()
                handler.onRead = { _, _ in order.withLock { $0.append("read") } }
                connection.delegate = handler
                accepted.send(connection)
            }
        }
        let connection = try #require(await client.outcome(host: "127.0.0.1", port: listener.localAddress.port)).get()
        let serverSide = try #require(await accepted.next())
        await client.perform { _ = connection.write([1]) }
        let done = Events<Void>()
        await server.perform {
            // The byte is in this socket's buffer already: on loopback a write puts it there.
            serverSide.startReading()
            @Sendable func piece(_ number: Int) {
                order.withLock { $0.append("piece \(number)") }
                if number < 3 { server.executeNextTurn { piece(number + 1) } } else { done.send() }
            }
            server.executeNextTurn { piece(1) }
        }
        await done.next()
        let seen = order.withLock { $0 }
        #expect(seen.filter { $0 != "read" } == ["piece 1", "piece 2", "piece 3"])
        #expect(seen.firstIndex(of: "read") ?? 9 < 3, "\(seen)")
        await server.stop()
        await client.stop()
    }

    @Test func whatWaitsForTheNextTurnRunsBeforeTheLoopEnds() async throws {
        let loop = try EventLoop.start()
        let ran = Mutex(0)
        await loop.perform {
            for _ in 0..<3 { loop.executeNextTurn { ran.withLock { $0 += 1 } } }
        }
        await loop.stop()
        #expect(ran.withLock { $0 } == 3)
    }
}
