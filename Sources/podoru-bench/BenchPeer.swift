internal import Network
internal import Platform
internal import Primitives
internal import Wire

/// A peer of the benchmark: a blocking socket that shook hands. It holds no chain and answers pings when it is pumped.
final class BenchPeer {
    private static let timeoutSeconds = 10.0

    private let socket: LoopbackSocket
    /// Passes over all frames longer than a pong, transactions above all: it measures the node and not its own decoding.
    private let skims: Bool
    private static let skimmedBytes = 512
    private var chunk = [UInt8](repeating: 0, count: 256 << 10)
    private var buffer: [UInt8] = []
    /// Blocks that were received whole, by height order of arrival: when, in seconds of `seconds()`.
    private(set) var blockTimes: [Double] = []
    /// Answers to its pings.
    private(set) var pongCount = 0
    /// Transactions that were received.
    private(set) var transactionCount = 0

    /// Connects and shakes hands.
    init(port: UInt16, chainID: String, skims: Bool = false) throws {
        self.skims = skims
        socket = try LoopbackSocket(port: port)
        let handshake = Handshake(
            version: "1.0.0", chainID: chainID, height: 0, nodeType: .full, listenAddress: "", capabilities: Capability.all)
        try send(.handshake, handshake.encode())
        try wait("the handshake") { $0.hasShakenHands }
    }

    private var hasShakenHands = false

    func send(_ type: MessageType, _ payload: [UInt8]) throws {
        try send(frame: FrameEncoder.frame(type: type, payload: payload, timestamp: 0))
    }

    func send(frame: [UInt8]) throws {
        try socket.send(frame)
    }

    /// Asks the node whether it lives, and says how many milliseconds the answer took.
    func ping() throws -> Double {
        let before = pongCount
        let asked = seconds()
        try send(.ping, Ping(nonce: UInt64(before), height: 0).encode())
        try wait("the answer to a ping") { $0.pongCount > before }
        return (seconds() - asked) * 1000
    }

    /// Reads until `condition` holds.
    func wait(_ what: String, until condition: (BenchPeer) -> Bool) throws {
        let end = seconds() + BenchPeer.timeoutSeconds
        while !condition(self) {
            guard seconds() < end else { throw BenchmarkError("\(what) did not come within \(BenchPeer.timeoutSeconds) s") }
            try pump(milliseconds: 100)
        }
    }

    /// Takes what has arrived, waiting for at most so long when nothing has.
    func pump(milliseconds: Int32) throws {
        guard Descriptors.wait(for: socket.descriptor, .toRead, milliseconds: milliseconds) else { return }
        let count = try socket.descriptor.readBytes(into: &chunk)
        guard count > 0 else { throw BenchmarkError("a node closed the connection") }
        buffer.append(contentsOf: chunk[..<count])
        while let frame = nextFrame() { try take(frame) }
    }

    private func nextFrame() -> [UInt8]? {
        guard buffer.count >= NetworkLimits.prefixBytes else { return nil }
        let length = buffer[..<NetworkLimits.prefixBytes].reduce(0) { $0 << 8 | Int($1) }
        guard buffer.count >= NetworkLimits.prefixBytes + length else { return nil }
        let frame = Array(buffer[NetworkLimits.prefixBytes..<NetworkLimits.prefixBytes + length])
        buffer.removeFirst(NetworkLimits.prefixBytes + length)
        return frame
    }

    private func take(_ frame: [UInt8]) throws {
        if skims, hasShakenHands, frame.count > BenchPeer.skimmedBytes { return }
        let arrived = seconds()
        let message = try frame.withUnsafeBytes { bytes throws(Violation) in try Envelope(decoding: bytes) }
        switch message.known {
        case .handshake: hasShakenHands = true
        case .block: blockTimes.append(arrived)
        case .transaction: transactionCount += 1
        case .transactionBatch: transactionCount += try TransactionBatch.split(message.payload).count
        case .pong: pongCount += 1
        case .ping: try send(.pong, Ping(nonce: try Ping(decoding: message.payload, type: .ping).nonce, height: 0).encode())
        default: break
        }
    }

    deinit {
        socket.descriptor.closeQuietly()
    }
}
