internal import Dispatch
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// The least that Hummingbird serves: one route that answers `Hello`, on one thread as the API has it.
final class HelloServer {
    let port: UInt16
    private let serving: Task<Void, Never>

    init() throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let (bound, isBound) = (BoundPort(), DispatchSemaphore(value: 0))
        let router = Router()
        router.get("hello") { _, _ in "Hello" }
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                bound.value.withLock { $0 = UInt16(channel.localAddress?.port ?? 0) }
                isBound.signal()
            }, eventLoopGroupProvider: .shared(group), logger: Logger(label: "hello") { _ in SwiftLogNoOpLogHandler() })
        serving = Task { try? await application.run() }
        guard isBound.wait(timeout: .now() + 10) == .success else { throw BenchmarkError("the bare server did not start") }
        port = bound.value.withLock { $0 }
    }

    private final class BoundPort: Sendable {
        let value = Mutex<UInt16>(0)
    }

    /// Ends the serving. The thread idles until the process ends: connections that are being closed still schedule work on it.
    func stop() {
        serving.cancel()
    }
}
