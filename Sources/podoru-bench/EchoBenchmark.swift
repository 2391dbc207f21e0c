internal import CEchoReference
internal import Dispatch
internal import EventLoop
internal import Network
internal import Primitives
internal import Wire

/// The CPU time that the server's thread spends on a frame, of the event loop with the frame decoder, against plain C on
/// libuv. Both servers run in one process, take turns under the same load, and are compared round by round.
func runEchoBenchmark() throws -> [BenchmarkRow] {
    let loads = [
        EchoLoad(name: "50 × 100 B", frameBytes: 100, depth: 1),
        EchoLoad(name: "50 × 10 KB", frameBytes: 10_000, depth: 1),
        EchoLoad(name: "50 × 100 B, 16 under way each", frameBytes: 100, depth: 16),
    ]
    let reference = try ReferenceEchoServer()
    defer { reference.stop() }
    let server = try SwiftEchoServer()
    defer { server.stop() }
    var rows: [BenchmarkRow] = []
    for load in loads {
        let pairs = try compare(reference, server, under: load)
        rows.append(.figure("\(load.name): C", median(pairs.map(\.reference)), "ns CPU a frame"))
        rows.append(.figure("\(load.name): event loop", median(pairs.map(\.server)), "ns CPU a frame"))
        rows.append(.atMost(1.10, "\(load.name): ratio", median(pairs.map { $0.server / $0.reference }), "×"))
    }
    return rows
}

/// Fifty connections that each keep some frames under way.
private struct EchoLoad {
    let name: String
    let frameBytes: UInt32
    /// Frames that a connection sends before it waits for the first to come back.
    let depth: CInt
    let connections: CInt = 50
    /// Rounds of each server, short and many: what else the machine does disturbs both servers of a pair alike, and the
    /// median leaves out the rest.
    let rounds = 101
    /// Frames of one round, about 30 ms.
    let framesPerRound: UInt64 = 10_000
}

/// Nanoseconds of CPU for each frame, round by round. The connections stay open: setting them up is not measured.
private func compare(
    _ reference: some EchoServer, _ server: some EchoServer, under load: EchoLoad
) throws -> [(reference: Double, server: Double)] {
    let (first, second) = (try EchoClients(of: reference, load), try EchoClients(of: server, load))
    defer {
        first.close()
        second.close()
    }
    _ = (try first.measure(), try second.measure())
    return try (0..<load.rounds).map { round in
        // The order changes, so that neither always profits from what the other left in the caches.
        if round.isMultiple(of: 2) {
            let nanoseconds = try first.measure()
            return (nanoseconds, try second.measure())
        }
        let nanoseconds = try second.measure()
        return (try first.measure(), nanoseconds)
    }
}

/// The connections to one server.
private struct EchoClients<Server: EchoServer> {
    private let server: Server
    private let load: EchoLoad
    private let connections: OpaquePointer

    init(of server: Server, _ load: EchoLoad) throws {
        var code: CInt = 0
        guard let connections = cecho_load_open(server.port, load.connections, load.depth, load.frameBytes, &code) else {
            throw BenchmarkError("cannot connect to an echo server: error \(-code)")
        }
        (self.server, self.load, self.connections) = (server, load, connections)
    }

    /// Nanoseconds of the server's CPU time for each frame of one round.
    func measure() throws -> Double {
        let before = try server.cpuTime()
        let code = cecho_load_run(connections, load.framesPerRound)
        guard code == 0 else { throw BenchmarkError("the load on an echo server failed: error \(-code)") }
        return Double(try server.cpuTime() - before) / Double(load.framesPerRound)
    }

    func close() { cecho_load_close(connections) }
}

private protocol EchoServer {
    var port: UInt16 { get }
    /// What the server's thread has used, in nanoseconds.
    func cpuTime() throws -> UInt64
}

/// The server in C.
private struct ReferenceEchoServer: EchoServer {
    private let server: OpaquePointer
    let port: UInt16

    init() throws {
        var port: UInt16 = 0
        guard let server = cecho_server_start(&port) else { throw BenchmarkError("the reference echo server did not start") }
        (self.server, self.port) = (server, port)
    }

    func cpuTime() -> UInt64 { cecho_server_cpu_ns(server) }

    func stop() { _ = cecho_server_stop(server) }
}

/// The server in Swift.
private struct SwiftEchoServer: EchoServer {
    private let loop: EventLoop
    let port: UInt16

    init() throws {
        let loop = try EventLoop.start(name: "echo-swift")
        self.loop = loop
        let listening = try wait(for: loop) { () -> Result<UInt16, EventLoopError> in
            let shared = EchoShared()
            do throws(EventLoopError) {
                let listener = try loop.listen(on: .loopbackV4()) { connection in
                    connection.delegate = EchoPeer(shared)
                    connection.startReading()
                }
                return .success(listener.localAddress.port)
            } catch {
                return .failure(error)
            }
        }
        port = try listening.get()
    }

    func cpuTime() throws -> UInt64 { try wait(for: loop) { cecho_thread_cpu_ns() } }

    func stop() { loop.stopAndWait() }
}

/// What the peers of the Swift server share, on its loop.
private final class EchoShared {
    var budget = FrameBudget()
}

/// One peer of the Swift server: cuts the stream into frames, as the node does, and writes each back.
private final class EchoPeer: TCPConnectionDelegate {
    private let shared: EchoShared
    private var decoder = FrameDecoder()

    init(_ shared: EchoShared) {
        self.shared = shared
    }

    func connection(_ connection: TCPConnection, didRead bytes: UnsafeRawBufferPointer) {
        // Borrowed once for the read, not once for each frame.
        if !Self.echo(bytes, to: connection, &decoder, &shared.budget) { connection.close() }
    }

    private static func echo(
        _ bytes: UnsafeRawBufferPointer, to connection: TCPConnection, _ decoder: inout FrameDecoder, _ budget: inout FrameBudget
    ) -> Bool {
        let now = connection.loop.turnTime
        var rest = bytes
        while !rest.isEmpty {
            let before = rest
            switch decoder.next(&rest, budget: &budget, now: now) {
            case .frame(.borrowed(let frame)):
                let taken = UnsafeRawBufferPointer(rebasing: before[..<(before.count - rest.count)])
                if taken.count == NetworkLimits.prefixBytes + frame.count {
                    // The prefix lies before the frame: both go back as they came.
                    connection.write(taken)
                } else {
                    connection.write(prefixed(frame))
                }
            case .frame(.owned(let frame)):
                connection.write(frame.withUnsafeBytes { prefixed($0) })
            case .needMore:
                return true
            case .waitingForBudget, .violation:
                return false
            }
        }
        return true
    }

    func connectionDidClose(_ connection: TCPConnection, reason: CloseReason) {
        decoder.discard(budget: &shared.budget)
    }

    private static func prefixed(_ frame: UnsafeRawBufferPointer) -> [UInt8] {
        Array(unsafeUninitializedCapacity: NetworkLimits.prefixBytes + frame.count) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            raw.storeBytes(of: UInt32(frame.count).bigEndian, as: UInt32.self)
            UnsafeMutableRawBufferPointer(rebasing: raw[NetworkLimits.prefixBytes...]).copyMemory(from: frame)
            count = raw.count
        }
    }
}

/// Runs `body` on `loop` and waits for its result.
private func wait<Result: Sendable>(for loop: EventLoop, _ body: @escaping @Sendable () -> Result) throws -> Result {
    let done = DispatchSemaphore(value: 0)
    // Written before the semaphore is signalled, read after.
    nonisolated(unsafe) var result: Result?
    loop.execute {
        result = body()
        done.signal()
    }
    done.wait()
    guard let result else { throw BenchmarkError("the event loop gave no answer") }
    return result
}
