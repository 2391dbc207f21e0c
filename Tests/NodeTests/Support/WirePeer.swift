import EventLoop
import Ledger
import Network
import Platform
import Primitives
import Synchronization
import TestKit
import Wire

@testable import Node

/// A peer that says only what a test wants said, and keeps what it hears.
// Unchecked: the connection and the decoder are used on the loop's thread only; what it heard has its lock.
final class WirePeer: TCPConnectionDelegate, @unchecked Sendable {
    private struct Heard {
        var messages: [Envelope] = []
        var isClosed = false
    }

    /// One loop for all peers of the tests.
    private static let loop = Result { try EventLoop.start(name: "wire-peers") }

    private let loop: EventLoop
    private var connection: TCPConnection?
    private var decoder = FrameDecoder()
    private var budget = FrameBudget()
    private let heard = Mutex(Heard())

    /// Connects and shakes hands as a full node of `height` that takes no connections.
    static func connect(to port: UInt16, genesis: Genesis, height: UInt64 = 0) async throws -> WirePeer {
        let peer = WirePeer(try loop.get())
        let handshake = Handshake(
            version: PodoruVersion.current, chainID: genesis.hash.prefixedHex, height: height, nodeType: .full, listenAddress: "",
            nonce: UInt64.random(in: 0...UInt64.max))
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            peer.loop.execute {
                peer.loop.connect(host: "127.0.0.1", port: port) { result in
                    if case .success(let connection) = result {
                        peer.open(connection)
                        // At once, on the loop: this task may have to wait for a thread for longer than the node waits for a handshake, while
                        // tests that compute have all of them.
                        peer.write(.handshake, handshake.encode())
                    }
                    continuation.resume(with: result.map { _ in }.mapError { $0 as any Error })
                }
            }
        }
        try await eventually("a handshake of the node") { peer.isClosed || peer.messages.contains { $0.known == .handshake } }
        return peer
    }

    private init(_ loop: EventLoop) {
        self.loop = loop
    }

    private func open(_ connection: TCPConnection) {
        self.connection = connection
        connection.delegate = self
        connection.startReading()
    }

    // MARK: For the test

    var messages: [Envelope] { heard.withLock { $0.messages } }
    var isClosed: Bool { heard.withLock { $0.isClosed } }

    /// The hashes of the blocks that were relayed to it, by height.
    var blocks: [UInt64: Set<Hash32>] {
        messages.reduce(into: [:]) { blocks, message in
            guard message.known == .block, let (header, hash) = try? HeaderPeek.read(message.payload) else { return }
            blocks[header.height, default: []].insert(hash)
        }
    }

    func send(_ type: MessageType, _ payload: [UInt8]) {
        loop.execute { [self] in write(type, payload) }
    }

    private func write(_ type: MessageType, _ payload: [UInt8]) {
        guard let frame = try? FrameEncoder.frame(type: type, payload: payload, timestamp: SystemClock.unixSeconds) else {
            return
        }
        _ = connection?.write(frame)
    }

    /// Asks for blocks and waits for the answer: their hashes, in order.
    func fetch(_ range: HeightRange) async throws -> [Hash32] {
        let before = messages.count { $0.known == .blockResponse }
        send(.blockRequest, BlockRequest.range(range).encode())
        try await eventually("an answer to a block request") {
            isClosed || messages.count { $0.known == .blockResponse } > before
        }
        guard !isClosed, let answer = messages.last(where: { $0.known == .blockResponse }) else {
            throw TestFailure("disconnected instead of an answer")
        }
        guard case .blocks(let parts) = try BlockResponse(decoding: answer.payload) else { return [] }
        return try parts.map { try HeaderPeek.read(Array(answer.payload[$0])).hash }
    }

    func close() {
        loop.execute { [self] in connection?.close() }
    }

    // MARK: The connection

    func connection(_ connection: TCPConnection, didRead bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while case .frame(let frame) = decoder.next(&rest, budget: &budget, now: SystemClock.uptime) {
            guard let message = try? frame.withUnsafeBytes({ try Envelope(decoding: $0) }) else { continue }
            heard.withLock { $0.messages.append(message) }
            // A node asks a peer without pings for its peers to see whether it lives.
            if message.known == .peerList, message.payload.isEmpty { send(.peerList, PeerList.encode([])) }
        }
    }

    func connectionDidClose(_ connection: TCPConnection, reason: CloseReason) {
        heard.withLock { $0.isClosed = true }
    }
}
