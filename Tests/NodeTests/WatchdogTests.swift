import ChainService
import Dispatch
import EventLoop
import Foundation
import Ledger
import Logging
import Primitives
import Storage
import Supervisor
import Synchronization
import TestKit
import Testing

@testable import Node

/// The signs of life that a service manager gets.
@Suite(.timeLimit(.minutes(2))) struct WatchdogTests {
    @Test func aLoopThatHangsTellsNothingWhileTheRestOfTheNodeLives() async throws {
        let network = try TestNetwork()
        let fake = try FakeServiceManager()
        // A beat every 50 ms.
        let variables = ["NOTIFY_SOCKET": fake.path, "WATCHDOG_USEC": "150000"]
        var options = Node.Options(logger: Logger(label: "test") { _ in LogRecorder() })
        options.serviceManager = ServiceManager(environment: { variables[$0] }, processID: 1)
        let node = try await Node.start(network.configuration("node"), options: options)
        let gate = DispatchSemaphore(value: 0)
        let outcome = await Result.of { try await hang(node, gate, network, fake) }
        // Whatever was found: the loop must go on, or nothing ends it.
        gate.signal()
        await node.stop()
        try outcome.get()
    }

    private func hang(_ node: Node, _ gate: DispatchSemaphore, _ network: TestNetwork, _ fake: FakeServiceManager) async throws {
        try await eventually("it beats") { fake.next()?.contains("WATCHDOG=1") == true }
        let (hung, begun) = AsyncStream.makeStream(of: Void.self)
        node.loop.execute {
            begun.yield()
            gate.wait()
        }
        for await _ in hung { break }
        fake.forget()
        // The chain worker and the store answer, in other threads.
        #expect(await node.submit(network.set("while", nonce: 1).json).summary == "admitted")
        #expect(node.mempool.count == 1)
        #expect(try node.chain.read { try $0.head()?.height } == 0)
        try await Task.sleep(for: .milliseconds(500))  // That nothing comes can only be seen by waiting: ten beats long.
        #expect(fake.next() == nil)
        gate.signal()
        try await eventually("it beats again") { fake.next()?.contains("WATCHDOG=1") == true }
        #expect(try await node.now.mempoolCount == 1)
    }
}

extension Result where Failure == any Error {
    static func of(_ body: () async throws -> Success) async -> Self {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
