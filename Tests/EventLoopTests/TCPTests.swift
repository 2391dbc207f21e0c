internal import Foundation
internal import Synchronization
internal import Testing

@testable internal import EventLoop

@Suite(.timeLimit(.minutes(1))) struct TCPTests {
    @Test(arguments: [SocketAddress.loopbackV4(), .loopbackV6()])
    func whatIsSentComesBackFromAnEchoServer(address: SocketAddress) async throws {
        try await withLoop { loop in
            let listener = try await loop.serve(on: address) { _ in .echo() }
            let (handler, collector) = (Handler(), Collector(5))
            handler.onRead = { collector.take($1) }
            let connection = try await loop.open(listener.localAddress, handler)
            await loop.perform { _ = connection.write(Array("hello".utf8)) }
            #expect(await collector.complete.next() == Array("hello".utf8))
            #expect(connection.remoteAddress == listener.localAddress)
            let accepted = await loop.perform { connection.localAddress }
            #expect(accepted?.host == address.host)
        }
    }

    @Test func aListenerOnAllAddressesSeesAnIPv4PeerAsIPv4() async throws {
        try await withLoop { loop in
            let seen = Events<SocketAddress>()
            let listener = try await loop.serve(on: .anyV6()) { connection in
                seen.send(connection.remoteAddress)
                return Handler()
            }
            let client = try RawSocket.connected(to: listener.localAddress.port)
            defer { client.close() }
            #expect(await seen.next()?.host == "127.0.0.1")
        }
    }

    @Test func theNameLocalhostIsResolvedAndReached() async throws {
        try await withLoop { loop in
            let listener = try await loop.serve { _ in .echo() }
            let connection = try #require(await loop.outcome(host: "localhost", port: listener.localAddress.port)).get()
            #expect(connection.remoteAddress == listener.localAddress)
        }
    }

    @Test func anUnknownNameFailsAsALookup() async throws {
        try await withLoop { loop in
            let outcome = await loop.outcome(host: "no such host", port: 1)
            guard case .failure(let error) = outcome else { throw Unexpected() }
            #expect(error.operation == .resolve)
            #expect(error.code.rawValue.hasPrefix("EAI_"))
        }
    }

    @Test func aPortWithoutListenerRefuses() async throws {
        let (socket, port) = try RawSocket.bound()
        defer { socket.close() }
        try await withLoop { loop in
            guard case .failure(let error) = await loop.outcome(host: "127.0.0.1", port: port) else { throw Unexpected() }
            #expect(error.code == .connectionRefused)
            #expect(error.description == "cannot connect to 127.0.0.1:\(port): connection refused (ECONNREFUSED)")
        }
    }

    @Test func aPeerThatDoesNotAnswerTimesOut() async throws {
        let (sockets, port) = try RawSocket.blackHole()
        defer { for socket in sockets { socket.close() } }
        try await withLoop { loop in
            let outcome = await loop.outcome(host: "127.0.0.1", port: port, timeout: .milliseconds(50))
            guard case .failure(let error) = outcome else { throw Unexpected() }
            #expect(error.code == .timedOut)
            #expect(error.operation == .connect)
        }
    }

    @Test func anAttemptCanBeCancelledAndEndsOnce() async throws {
        let (sockets, port) = try RawSocket.blackHole()
        defer { for socket in sockets { socket.close() } }
        try await withLoop { loop in
            let ends = Events<EventLoopError.Code?>()
            await loop.perform {
                let attempt = loop.connect(host: "127.0.0.1", port: port) { result in
                    if case .failure(let error) = result { ends.send(error.code) } else { ends.send(nil) }
                }
                attempt.cancel()
                attempt.cancel()
            }
            #expect(await ends.next() == .canceled)
            await loop.perform { ends.send(.busy) }
            #expect(await ends.next() == .busy, "the attempt ended twice")
            #expect(await loop.perform { loop.openHandleCount } == 0)
        }
    }

    @Test func theNextAddressIsTriedWhenOneRefusesOrSwallows() async throws {
        let (refusing, refusingPort) = try RawSocket.bound()
        let (swallowing, swallowingPort) = try RawSocket.blackHole()
        defer { for socket in swallowing + [refusing] { socket.close() } }
        try await withLoop { loop in
            let listener = try await loop.serve { _ in .echo() }
            let result = Events<Result<TCPConnection, EventLoopError>>()
            let addresses = [
                SocketAddress.loopbackV4(port: refusingPort), SocketAddress.loopbackV4(port: swallowingPort),
                listener.localAddress,
            ]
            loop.execute { loop.connect(addresses: addresses, timeout: .milliseconds(200)) { result.send($0) } }
            #expect(try await result.next()?.get().remoteAddress == listener.localAddress)
        }
    }

    @Test func aHalfClosedPeerStillGetsItsAnswer() async throws {
        try await withLoop { loop in
            let server = Handler()
            let collector = Collector(.max)
            server.onRead = { collector.take($1) }
            server.onEnd = { connection in
                connection.write(collector.bytes)
                connection.close(flushingWithin: .seconds(5))
            }
            let listener = try await loop.serve { _ in server }
            let client = try RawSocket.connected(to: listener.localAddress.port)
            client.send(Array("question".utf8))
            client.endSending()
            #expect(client.receive(100) == Array("question".utf8))
            #expect(client.receive(100) == [])
            client.close()
            #expect(await server.closed.next() == .ended)
        }
    }

    @Test func aResetClosesWithAnError() async throws {
        try await withLoop { loop in
            let server = Handler.echo()
            let listener = try await loop.serve { _ in server }
            let client = try RawSocket.connected(to: listener.localAddress.port)
            client.send([1])
            #expect(client.receive(1) == [1])
            client.reset()
            guard case .failed(let error)? = await server.closed.next() else { throw Unexpected() }
            #expect(error.code == .connectionReset)
            #expect(error.operation == .read)
        }
    }

    @Test func writingToAPeerThatHasGoneNeitherKillsTheProcessNorGoesUnnoticed() async throws {
        try await withLoop { loop in
            let accepted = Events<TCPConnection>()
            let listener = try await loop.perform { () throws(EventLoopError) in
                try loop.listen(on: .loopbackV4()) { accepted.send($0) }
            }
            let client = try RawSocket.connected(to: listener.localAddress.port)
            let connection = try #require(await accepted.next())
            let handler = Handler()
            await loop.perform { connection.delegate = handler }
            // Not reading, so the end goes unseen. The first write is answered with a reset; the next raises SIGPIPE.
            client.close()
            while await loop.perform({ connection.write([1]) }) {}
            guard case .failed(let error)? = await handler.closed.next() else { throw Unexpected() }
            // The kernel tells the reset itself when a write meets it first, and a broken pipe to any write after it.
            #expect(error.code == .brokenPipe || error.code == .connectionReset)
            #expect(error.operation == .write)
        }
    }

    @Test func aResetOfThisSideReachesThePeer() async throws {
        try await withLoop { loop in
            let server = Handler()
            server.onRead = { connection, _ in connection.closeWithReset() }
            let listener = try await loop.serve { _ in server }
            let client = Handler()
            let connection = try await loop.open(listener.localAddress, client)
            await loop.perform { _ = connection.write([1]) }
            #expect(await server.closed.next() == .requested)
            guard case .failed(let error)? = await client.closed.next() else { throw Unexpected() }
            #expect(error.code == .connectionReset)
        }
    }

    @Test func aPortInUseIsRefusedWithTheAddressInTheText() async throws {
        try await withLoop { loop in
            let listener = try await loop.serve { _ in Handler() }
            let error = await #expect(throws: EventLoopError.self) {
                try await loop.perform { () throws(EventLoopError) in
                    _ = try loop.listen(on: listener.localAddress, onAccept: { _ in })
                }
            }
            #expect(error?.code == .addressInUse)
            #expect(error?.description.contains(listener.localAddress.description) == true)
            #expect(await loop.perform { loop.openHandleCount } == 1)
        }
    }

    @Test func aPausedListenerLeavesConnectionsWaiting() async throws {
        try await withLoop { loop in
            let count = Mutex(0)
            let accepted = Events<Void>()
            let listener = try await loop.serve { _ in
                count.withLock { $0 += 1 }
                accepted.send()
                return Handler.echo()
            }
            await loop.perform { listener.pauseAccepting() }
            let clients = try (0..<3).map { _ in try RawSocket.connected(to: listener.localAddress.port) }
            defer { for client in clients { client.close() } }
            await loop.poll()
            #expect(count.withLock { $0 } == 0)
            await loop.perform { listener.resumeAccepting() }
            for _ in 0..<3 { await accepted.next() }
            #expect(count.withLock { $0 } == 3)
        }
    }

    @Test func nearTheDescriptorLimitTheListenerRestsAndThenGoesOn() async throws {
        try await withLoop { loop in
            let (accepted, problems) = (Events<Void>(), Events<EventLoopError>())
            let isShort = Mutex(true)
            let listener = try await loop.perform { () throws(EventLoopError) in
                let listener = try loop.listen(
                    on: .loopbackV4(),
                    onAccept: { _ in accepted.send() }, onProblem: { problems.send($0) })
                listener.restDuration = .seconds(3600)
                listener.descriptorLimit = { isShort.withLock { $0 } ? 0 : .max }
                return listener
            }
            let first = try RawSocket.connected(to: listener.localAddress.port)
            defer { first.close() }
            let problem = try #require(await problems.next())
            #expect(problem.code == .tooManyFiles)
            #expect(first.receive(1) == [], "the first is turned away")
            isShort.withLock { $0 = false }
            let second = try RawSocket.connected(to: listener.localAddress.port)
            defer { second.close() }
            await loop.poll()
            await loop.perform { listener.endRest() }
            await accepted.next()
        }
    }

    @Test func aListenerWhoseAcceptFailsForWantOfDescriptorsOpensAgain() async throws {
        // While the listener rests its port is free for others, so it gets an address of this process alone, and a port that
        // the system does not give away.
        let process = getpid()
        let host = "127.\(64 + process >> 16 & 63).\(process >> 8 & 255).\(process & 255)"
        let address = try #require(SocketAddress(host: host, port: 20_077))
        try await withLoop { loop in
            let (accepted, problems) = (Events<Void>(), Events<EventLoopError>())
            let listener = try await loop.perform { () throws(EventLoopError) in
                try loop.listen(
                    on: address,
                    onAccept: { _ in accepted.send() }, onProblem: { problems.send($0) })
            }
            await loop.perform {
                listener.restDuration = .seconds(3600)
                listener.didFail(-EMFILE)
            }
            #expect(await problems.next()?.code == .tooManyFiles)
            guard case .failure(let error) = await loop.outcome(host: host, port: address.port) else { throw Unexpected() }
            #expect(error.code == .connectionRefused)
            await loop.perform { listener.endRest() }
            #expect(listener.localAddress == address)
            _ = try #require(await loop.outcome(host: host, port: address.port)).get()
            await accepted.next()
        }
    }
}

struct Unexpected: Error {}
