internal import Foundation
internal import Synchronization
internal import Testing

@testable internal import EventLoop

@Suite(.timeLimit(.minutes(1))) struct FlowTests {
    @Test func whatAPausedConnectionIsSentWaitsWithTheSender() async throws {
        try await withLoop { loop in
            let accepted = Events<TCPConnection>()
            let listener = try await loop.perform { () throws(EventLoopError) in
                try loop.listen(on: .loopbackV4()) { accepted.send($0) }
            }
            let client = try RawSocket.connected(to: listener.localAddress.port)
            let server = try #require(await accepted.next())
            let handler = Handler()
            let first = Events<Void>()
            let total = Mutex(0)
            let ended = Events<Void>()
            handler.onRead = { connection, bytes in
                total.withLock { $0 += bytes.count }
                // Pausing from inside the callback holds at once.
                if connection.bytesRead == UInt64(bytes.count) {
                    connection.pauseReading()
                    first.send()
                }
            }
            handler.onEnd = { connection in
                ended.send()
                connection.close()
            }
            await loop.perform {
                server.delegate = handler
                server.startReading()
            }
            client.send([1])
            await first.next()
            let chunk = [UInt8](repeating: 7, count: 64 * 1024)
            let filled = client.fill(with: chunk)
            #expect(filled > 0)
            await loop.perform { #expect(server.bytesRead == 1, "read while paused") }
            await loop.perform { server.resumeReading() }
            client.endSending()
            await ended.next()
            #expect(total.withLock { $0 } == filled + 1)
            client.close()
        }
    }

    @Test func theWaterMarksAreCrossedOnceEachAndTheCapRefuses() async throws {
        var options = TCPOptions()
        (options.lowWaterBytes, options.highWaterBytes, options.queueCapBytes) = (100_000, 1_000_000, 4_000_000)
        let limits = options
        try await withLoop { loop in
            let accepted = Events<TCPConnection>()
            let listener = try await loop.perform { () throws(EventLoopError) in
                try loop.listen(on: .loopbackV4(), options: limits) { accepted.send($0) }
            }
            let client = try RawSocket.connected(to: listener.localAddress.port)
            defer { client.close() }
            let server = try #require(await accepted.next())
            let handler = Handler()
            let (high, low) = (Events<Int>(), Events<Int>())
            handler.onHigh = { high.send($0.queuedBytes) }
            handler.onLow = { low.send($0.queuedBytes) }
            let chunk = [UInt8](repeating: 9, count: 60_000)
            let written = await loop.perform {
                server.delegate = handler
                var written = 0
                while server.write(chunk) { written += chunk.count }
                #expect(server.isAboveHighWater)
                #expect(server.queuedBytes <= limits.queueCapBytes)
                #expect(server.queuedBytes > limits.queueCapBytes - chunk.count)
                #expect(server.isOpen, "a refused write leaves the connection as it is")
                return written
            }
            #expect(try #require(await high.next()) > limits.highWaterBytes)
            var received = 0
            while received < written { received += client.receive(1 << 20).count }
            #expect(try #require(await low.next()) <= limits.lowWaterBytes)
            #expect(received == written)
            await loop.perform {
                #expect(!server.isAboveHighWater)
                high.send(-1)
                low.send(-1)
            }
            #expect(await high.next() == -1)
            #expect(await low.next() == -1)
        }
    }

    @Test func aHundredMegabytesArriveAsTheyWereSent() async throws {
        // Chunks of odd sizes out of one pattern, so that every byte's place is known without keeping all of them.
        let period = 1_000_003
        var random = SystemRandomNumberGenerator()
        let pattern = (0..<period).map { _ in UInt8.random(in: 0...255, using: &random) }
        let doubled = pattern + pattern
        let target = 100 * 1024 * 1024
        try await withLoop { loop in
            let sender = Handler()
            let sent = Mutex(0)
            let send: @Sendable (TCPConnection) -> Void = { connection in
                while !connection.isAboveHighWater {
                    let from = sent.withLock { $0 }
                    if from == target { return connection.close(flushingWithin: .seconds(30)) }
                    let count = min(target - from, 1 + (from &* 2_654_435_761) % 700_000)
                    let start = from % period
                    guard connection.write(Array(doubled[start..<start + min(count, period)])) else { return }
                    sent.withLock { $0 += min(count, period) }
                }
            }
            sender.onLow = send
            let listener = try await loop.serve { connection in
                loop.execute { send(connection) }
                return sender
            }
            let receiver = Handler()
            let received = Mutex(0)
            let wrong = Mutex(0)
            receiver.onRead = { _, bytes in
                let from = received.withLock { $0 } % period
                let isSame = doubled.withUnsafeBytes { memcmp($0.baseAddress! + from, bytes.baseAddress!, bytes.count) == 0 }
                if !isSame { wrong.withLock { $0 += 1 } }
                received.withLock { $0 += bytes.count }
            }
            _ = try await loop.open(listener.localAddress, receiver)
            #expect(await receiver.closed.next() == .ended)
            #expect(await sender.closed.next() == .requested)
            #expect(received.withLock { $0 } == target)
            #expect(wrong.withLock { $0 } == 0)
        }
    }

    @Test func manyQueuedArraysArriveInOrder() async throws {
        try await withLoop { loop in
            let accepted = Events<TCPConnection>()
            let listener = try await loop.perform { () throws(EventLoopError) in
                try loop.listen(on: .loopbackV4()) { accepted.send($0) }
            }
            let client = try RawSocket.connected(to: listener.localAddress.port)
            defer { client.close() }
            let server = try #require(await accepted.next())
            // One large array fills the system's buffers; then more than three gathered writes of small ones.
            let large = [UInt8](repeating: 0, count: 12_000_000)
            let small = (0..<200).map { number in [UInt8](repeating: UInt8(number), count: number) }
            await loop.perform {
                #expect(server.write(large))
                #expect(server.queuedBytes > 0)
                for bytes in small { #expect(server.write(bytes)) }
                server.close(flushingWithin: .seconds(30))
                #expect(!server.write([1]), "written after the close began")
            }
            var received: [UInt8] = []
            while true {
                let bytes = client.receive(1 << 20)
                if bytes.isEmpty { break }
                received += bytes
            }
            #expect(received.count == large.count + small.map(\.count).reduce(0, +))
            #expect(Array(received.dropFirst(large.count)) == small.flatMap { $0 })
        }
    }

    @Test func oneArrayCanGoToManyPeers() async throws {
        try await withLoop { loop in
            let count = 20
            let frame = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let listener = try await loop.serve { connection in
                loop.execute { connection.write(frame) }
                return Handler()
            }
            let collectors = (0..<count).map { _ in Collector(frame.count) }
            for collector in collectors {
                let handler = Handler()
                handler.onRead = { collector.take($1) }
                _ = try await loop.open(listener.localAddress, handler)
            }
            for collector in collectors { #expect(await collector.complete.next() == frame) }
        }
    }

    @Test func writingAfterTheCloseIsRefused() async throws {
        try await withLoop { loop in
            let listener = try await loop.serve { _ in .echo() }
            let handler = Handler()
            let connection = try await loop.open(listener.localAddress, handler)
            await loop.perform {
                connection.close()
                #expect(!connection.write([1]))
                #expect(!connection.isOpen)
            }
            #expect(await handler.closed.next() == .requested)
            await loop.perform {
                #expect(!connection.write([1]))
                connection.close()
                connection.close(flushingWithin: .seconds(1))
                connection.closeWithReset()
                connection.startReading()
                connection.pauseReading()
                #expect(connection.localAddress == nil)
                handler.closed.send(.ended)
            }
            #expect(await handler.closed.next() == .ended, "the close was told twice")
        }
    }

    @Test func aGracefulCloseGivesUpOnAPeerThatDoesNotRead() async throws {
        try await withLoop { loop in
            let handler = Handler()
            let listener = try await loop.serve { connection in
                loop.execute {
                    connection.write([UInt8](repeating: 1, count: 15_000_000))
                    connection.close(flushingWithin: .milliseconds(20))
                }
                return handler
            }
            let client = try RawSocket.connected(to: listener.localAddress.port)
            defer { client.close() }
            #expect(await handler.closed.next() == .flushTimedOut)
        }
    }

    @Test func aGracefulCloseDeliversAlthoughThePeerKeepsSending() async throws {
        try await withLoop { loop in
            let handler = Handler()
            let goodbye = [UInt8](repeating: 5, count: 100_000)
            handler.onRead = { connection, _ in
                connection.write(goodbye)
                connection.close(flushingWithin: .seconds(10))
            }
            let listener = try await loop.serve { _ in handler }
            let client = try RawSocket.connected(to: listener.localAddress.port)
            let flood = [UInt8](repeating: 1, count: 300_000)
            #expect(client.send(flood) == flood.count)
            #expect(client.send(flood) == flood.count)
            var received = 0
            while true {
                let bytes = client.receive(1 << 20)
                if bytes.isEmpty { break }
                received += bytes.count
            }
            #expect(received == goodbye.count)
            client.close()
            #expect(await handler.closed.next() == .requested)
        }
    }

    @Test func aDelegateThatComesAfterTheCloseHearsOfIt() async throws {
        try await withLoop { loop in
            let listener = try await loop.serve { _ in .echo() }
            let connection = try #require(await loop.outcome(host: "127.0.0.1", port: listener.localAddress.port)).get()
            await loop.perform { connection.close() }
            await loop.poll()
            let handler = Handler()
            await loop.perform { connection.delegate = handler }
            #expect(await handler.closed.next() == .requested)
        }
    }
}
