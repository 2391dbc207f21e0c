internal import EventLoop
internal import Foundation
internal import Synchronization
internal import Testing

/// Values from callbacks, awaited one by one in a test.
final class Events<Element: Sendable>: Sendable {
    private let continuation: AsyncStream<Element>.Continuation
    private let stream: AsyncStream<Element>

    init(_ type: Element.Type = Element.self) {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func send(_ element: Element) {
        continuation.yield(element)
    }

    func next() async -> Element? {
        for await element in stream { return element }
        return nil
    }
}

extension Events where Element == Void {
    func send() { send(()) }
}

/// A delegate made of closures.
// Unchecked: its closures are set before reading starts and run on the loop only.
final class Handler: TCPConnectionDelegate, @unchecked Sendable {
    var onRead: (TCPConnection, UnsafeRawBufferPointer) -> Void = { _, _ in }
    var onEnd: ((TCPConnection) -> Void)?
    var onHigh: (TCPConnection) -> Void = { _ in }
    var onLow: (TCPConnection) -> Void = { _ in }
    let closed = Events<CloseReason>()

    func connection(_ connection: TCPConnection, didRead bytes: UnsafeRawBufferPointer) { onRead(connection, bytes) }

    func connectionDidEnd(_ connection: TCPConnection) {
        if let onEnd { onEnd(connection) } else { connection.close(flushingWithin: .seconds(5)) }
    }

    func connectionDidRiseAboveHighWater(_ connection: TCPConnection) { onHigh(connection) }
    func connectionDidFallToLowWater(_ connection: TCPConnection) { onLow(connection) }
    func connectionDidClose(_ connection: TCPConnection, reason: CloseReason) { closed.send(reason) }

    /// Sends back what it reads.
    static func echo() -> Handler {
        let handler = Handler()
        handler.onRead = { connection, bytes in connection.write(bytes) }
        return handler
    }
}

/// Collects bytes on the loop and says when there are enough.
// Unchecked: used on the loop only.
final class Collector: @unchecked Sendable {
    private(set) var bytes: [UInt8] = []
    private let wanted: Int
    let complete = Events<[UInt8]>()

    init(_ wanted: Int) { self.wanted = wanted }

    func take(_ new: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: new)
        if bytes.count >= wanted { complete.send(bytes) }
    }
}

/// Runs `body` with a loop, and expects that the loop closes cleanly after it.
func withLoop(_ body: (EventLoop) async throws -> Void) async throws {
    let loop = try EventLoop.start(name: "test")
    do {
        try await body(loop)
    } catch {
        await loop.stop()
        throw error
    }
    await loop.stop()
}

extension EventLoop {
    /// Lets the loop see all that has happened to its sockets: the first post may share its poll with them, so a second.
    func poll() async {
        await perform {}
        await perform {}
    }

    /// A listener on `address` whose connections get the delegate that `handler` makes and read at once.
    func serve(
        on address: SocketAddress = .loopbackV4(), options: TCPOptions = TCPOptions(),
        _ handler: @escaping @Sendable (TCPConnection) -> Handler
    ) async throws -> TCPListener {
        try await perform { () throws(EventLoopError) in
            try self.listen(on: address, options: options) { connection in
                connection.delegate = handler(connection)
                connection.startReading()
            }
        }
    }

    /// An open connection to `address` with `handler`, reading.
    func open(_ address: SocketAddress, options: TCPOptions = TCPOptions(), _ handler: Handler) async throws -> TCPConnection {
        let result = Events<Result<TCPConnection, EventLoopError>>()
        execute {
            self.connect(host: address.host, port: address.port, options: options) { outcome in
                if case .success(let connection) = outcome {
                    connection.delegate = handler
                    connection.startReading()
                }
                result.send(outcome)
            }
        }
        return try #require(await result.next()).get()
    }

    /// How connecting ends.
    func outcome(host: String, port: UInt16, timeout: Duration = .seconds(10)) async -> Result<TCPConnection, EventLoopError>? {
        let result = Events<Result<TCPConnection, EventLoopError>>()
        execute { self.connect(host: host, port: port, timeout: timeout) { result.send($0) } }
        return await result.next()
    }
}

/// A socket by the system's own calls, for what a well-behaved peer would not do.
struct RawSocket: Sendable {
    let descriptor: CInt

    init(_ descriptor: CInt) { self.descriptor = descriptor }

    init() { descriptor = Foundation.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0) }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = port.bigEndian
        return address
    }

    private static func with(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = address(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// A socket bound to a free port of 127.0.0.1 that does not listen.
    static func bound() throws -> (socket: RawSocket, port: UInt16) {
        let socket = RawSocket()
        try #require(with(0) { bind(socket.descriptor, $0, $1) } == 0)
        var address = sockaddr_in()
        var count = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket.descriptor, $0, &count) }
        }
        try #require(code == 0)
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    static func connected(to port: UInt16) throws -> RawSocket {
        let socket = RawSocket()
        try #require(with(port) { connect(socket.descriptor, $0, $1) } == 0)
        return socket
    }

    /// A listener that swallows calls: its queue of waiting connections is full, so the system drops what else knocks.
    static func blackHole() throws -> (sockets: [RawSocket], port: UInt16) {
        let (listener, port) = try bound()
        try #require(listen(listener.descriptor, 0) == 0)
        let fillers = (0..<4).map { _ in
            let socket = RawSocket()
            socket.setBlocking(false)
            _ = with(port) { connect(socket.descriptor, $0, $1) }
            return socket
        }
        return ([listener] + fillers, port)
    }

    func setBlocking(_ blocks: Bool) {
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK)
    }

    /// Sends until the system takes no more, and returns how much it took.
    func fill(with chunk: [UInt8]) -> Int {
        setBlocking(false)
        defer { setBlocking(true) }
        var total = 0
        while true {
            let count = Foundation.send(descriptor, chunk, chunk.count, CInt(MSG_NOSIGNAL))
            if count < 0 { return total }
            total += count
        }
    }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Int { Foundation.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) }

    /// Up to `count` bytes, waiting for the first; empty at the end.
    func receive(_ count: Int) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        let received = recv(descriptor, &buffer, count, 0)
        return Array(buffer.prefix(max(0, received)))
    }

    func endSending() { _ = shutdown(descriptor, CInt(SHUT_WR)) }

    func close() { _ = Foundation.close(descriptor) }

    /// Closes with a reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        close()
    }
}
