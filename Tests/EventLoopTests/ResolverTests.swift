internal import Foundation
internal import Synchronization
internal import Testing

@testable internal import EventLoop

/// Names, where the system's resolver is slow or silent.
@Suite(.timeLimit(.minutes(1))) struct ResolverTests {
    /// A resolver that knows every name that begins with `good`, and says nothing of the others until it is opened.
    private final class Names: Sendable {
        private let gate = NSCondition()
        private let isOpen = Mutex(false)
        let asked = Mutex<[String]>([])

        func ask(_ host: String) -> Result<[SocketAddress], EventLoopError> {
            asked.withLock { $0.append(host) }
            if !host.hasPrefix("good") {
                gate.lock()
                while !isOpen.withLock({ $0 }) { gate.wait() }
                gate.unlock()
            }
            return .success([.loopbackV4()])
        }

        func open() {
            gate.lock()
            isOpen.withLock { $0 = true }
            gate.broadcast()
            gate.unlock()
        }
    }

    private typealias Answer = Result<[SocketAddress], EventLoopError>

    /// Asks `loop` for names, and hands on the answers.
    private func resolve(_ hosts: [String], on loop: EventLoop, port: UInt16 = 1) async -> Events<Answer> {
        let answers = Events<Answer>()
        await loop.perform { for host in hosts { loop.resolve(host: host, port: port) { answers.send($0) } } }
        return answers
    }

    private func loop(asking names: Names) async throws -> EventLoop {
        let loop = try EventLoop.start(name: "test")
        await loop.perform { loop.resolver.ask = { names.ask($0) } }
        return loop
    }

    @Test func theEndDoesNotWaitForTheResolver() async throws {
        let names = Names()
        weak var weakLoop: EventLoop?
        do {
            let loop = try await loop(asking: names)
            weakLoop = loop
            let answers = await resolve((1...40).map { "silent-\($0)" }, on: loop)
            // Comes to an end although no name has an answer.
            await loop.stop()
            for _ in 1...40 {
                guard case .failure(let error)? = await answers.next() else { throw Unexpected() }
                #expect(error.code == .canceled)
            }
        }
        #expect(weakLoop == nil, "the threads do not keep the loop")
        // What they find out then is nobody's business, and harms nobody.
        names.open()
    }

    @Test func aDozenSilentNamesDoNotHoldUpAnother() async throws {
        let names = Names()
        defer { names.open() }
        let loop = try await loop(asking: names)
        _ = await resolve((1...12).map { "silent-\($0)" }, on: loop)
        let answers = await resolve(["good"], on: loop, port: 9000)
        #expect(try await answers.next()?.get() == [.loopbackV4(port: 9000)])
        await loop.stop()
    }

    @Test func aNameThatIsBeingAskedForIsAskedForOnce() async throws {
        let names = Names()
        let loop = try await loop(asking: names)
        let first = await resolve(["silent", "silent"], on: loop, port: 1)
        let second = await resolve(["silent"], on: loop, port: 2)
        names.open()
        for _ in 1...2 { #expect(try await first.next()?.get() == [.loopbackV4(port: 1)]) }
        #expect(try await second.next()?.get() == [.loopbackV4(port: 2)])
        #expect(names.asked.withLock { $0 } == ["silent"])
        #expect(await loop.perform { loop.resolver.runningCount } == 0)
        await loop.stop()
    }

    @Test func aCancelledLookupEndsAtOnceAndTheOthersStay() async throws {
        let names = Names()
        let loop = try await loop(asking: names)
        let cancelled = Events<Answer>()
        await loop.perform { loop.resolve(host: "silent", port: 1) { cancelled.send($0) }.cancel() }
        let answers = await resolve(["silent"], on: loop)
        guard case .failure(let error)? = await cancelled.next() else { throw Unexpected() }
        #expect(error.code == .canceled)
        names.open()
        #expect(try await answers.next()?.get() == [.loopbackV4(port: 1)])
        await loop.stop()
    }

    @Test func moreLookupsThanMayBeWithoutAnAnswerAreRefused() async throws {
        let names = Names()
        let loop = try await loop(asking: names)
        let most = EventLoopLimits.pendingLookups
        // Of many names, and of one.
        let answers = await resolve((0...most).map { $0 % 2 == 0 ? "silent" : "silent-\($0)" }, on: loop)
        guard case .failure(let error)? = await answers.next() else { throw Unexpected() }
        #expect(error.code == .noBufferSpace)
        #expect(await loop.perform { loop.resolver.runningCount } == EventLoopLimits.concurrentLookups)
        names.open()
        for _ in 0..<most { #expect(try await answers.next()?.get() == [.loopbackV4(port: 1)]) }
        await loop.stop()
    }

    @Test func namesThatTookLongLeaveThreadsToTheOthers() async throws {
        try await withLoop { loop in
            await loop.perform {
                var resolver = Resolver()
                func ask(_ host: String) { resolver.add(Lookup(on: loop, host: host, port: 1) { _ in }) }
                func begin(at seconds: Int64) -> [String] {
                    var begun: [String] = []
                    while let host = resolver.next(at: seconds * 1_000_000_000) { begun.append(host) }
                    return begun
                }
                let silent = (1...40).map { "silent-\($0)" }
                silent.forEach(ask)
                #expect(begin(at: 0) == Array(silent[..<EventLoopLimits.concurrentLookups]))
                for host in silent { _ = resolver.end(host, at: 30_000_000_000) }
                #expect(begin(at: 30) == Array(silent[EventLoopLimits.concurrentLookups...]))
                for host in silent { _ = resolver.end(host, at: 60_000_000_000) }

                (silent + ["good"]).forEach(ask)
                #expect(begin(at: 60) == Array(silent[..<EventLoopLimits.slowLookups]) + ["good"])
                // One that answers quickly is as any other again.
                _ = resolver.end("silent-1", at: 61_000_000_000)
                #expect(begin(at: 61) == [silent[EventLoopLimits.slowLookups]])
                ask("silent-1")
                #expect(begin(at: 62) == ["silent-1"])
            }
        }
    }

    @Test(arguments: [
        ("no-such-name.invalid", ["EAI_NONAME", "EAI_AGAIN", "EAI_NODATA", "EAI_FAIL"]), ("", ["EAI_NONAME", "EAI_NODATA"]),
    ])
    func whatTheSystemRefusesHasACode(host: String, codes: [String]) async throws {
        try await withLoop { loop in
            guard case .failure(let error)? = await resolve([host], on: loop).next() else { throw Unexpected() }
            #expect(error.operation == .resolve)
            #expect(codes.contains(error.code.rawValue), "\(error)")
        }
    }
}
