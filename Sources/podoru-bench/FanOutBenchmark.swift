internal import ChainTools
internal import Ledger
internal import Node
internal import Platform
internal import Primitives
internal import Supervisor
internal import SystemPackage
internal import Wire

private let clientCount = 500
private let warmUpBlocks = 10
private let measuredBlocks = 200
/// Between two blocks: the node commits and comes to rest.
private let pauseMilliseconds: Int64 = 25

/// Blocks of 30 transactions that a peer sends to a node with 500 WebSocket clients, each of which wants to hear of blocks:
/// from the moment the node calls the block valid to the moment the last client has the event. The clients are one thread of
/// this process, whose reading is in the figure, as is the commit that every event waits for.
func measureFanOut(_ fixture: ChainFixture) throws -> [BenchmarkRow] {
    let node = try BenchNode(fixture, hasAPI: true)
    defer { node.stop() }
    let peer = try BenchPeer(port: node.port, chainID: fixture.genesis.hash.prefixedHex)
    let clients = try WebSocketClients(clientCount, port: node.apiPort)
    let file = try BlockFileReader(path: fixture.chainPath)
    _ = try file.next()
    var milliseconds: [Double] = []
    for height in 1...warmUpBlocks + measuredBlocks {
        guard let json = try file.next() else { throw BenchmarkError("the fixture's chain is too short") }
        try peer.send(.block, json)
        let last = try clients.waitForEvents(height)
        while (node.blocks.last?.height ?? 0) < UInt64(height) { node.pump(milliseconds: 100) }
        guard let block = node.blocks.last, block.height == UInt64(height) else { throw BenchmarkError("a block is missing") }
        milliseconds.append((last - Double(block.atMicroseconds) / 1e6) * 1000)
        pauseFor(milliseconds: pauseMilliseconds)
        try peer.pump(milliseconds: 0)
        node.pump(milliseconds: 0)
    }
    let measured = Array(milliseconds.dropFirst(warmUpBlocks))
    return [
        .figure("a valid block to the last of \(clientCount) WebSocket clients, p50", median(measured), "ms"),
        .atMost(20, "a valid block to the last of \(clientCount) WebSocket clients, p99", percentile(measured, 0.99), "ms"),
    ]
}

/// Clients of the event stream that hear of blocks only.
private final class WebSocketClients {
    private static let timeoutMilliseconds: Int32 = 10_000

    private struct Client {
        let socket: LoopbackSocket
        var buffer: [UInt8] = []
        /// Events that it has had.
        var events = 0
    }

    private var clients: [Client] = []
    private var polled = PollList([])

    init(_ count: Int, port: UInt16) throws {
        for _ in 0..<count {
            clients.append(Client(socket: try WebSocketClients.open(port)))
        }
        polled = PollList(clients.map(\.socket.descriptor))
        // The last subscription has been read when the first of its pongs would be; a moment does it here.
        pauseFor(milliseconds: 300)
    }

    deinit {
        for client in clients { client.socket.descriptor.closeQuietly() }
    }

    private static func open(_ port: UInt16) throws -> LoopbackSocket {
        let socket = try LoopbackSocket(port: port)
        let request =
            "GET /api/v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        try socket.send(Array(request.utf8))
        var answer: [UInt8] = []
        while !String(decoding: answer, as: UTF8.self).contains("\r\n\r\n") { try socket.receive(into: &answer) }
        guard String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 101") else {
            throw BenchmarkError("no WebSocket: \(String(decoding: answer, as: UTF8.self))")
        }
        let text = Array(#"{"action":"subscribe","events":["new_block"]}"#.utf8)
        // A masked text frame; a mask of zeros changes nothing.
        try socket.send([0x81, 0x80 | UInt8(text.count), 0, 0, 0, 0] + text)
        return socket
    }

    /// Reads until every client has had `count` events; says when the last one came, in seconds of the wall clock.
    func waitForEvents(_ count: Int) throws -> Double {
        var missing = clients.count { $0.events < count }
        var last = wallClock()
        while missing > 0 {
            let ready = polled.wait(milliseconds: WebSocketClients.timeoutMilliseconds)
            guard !ready.isEmpty else {
                throw BenchmarkError("\(missing) WebSocket clients did not hear of block \(count)")
            }
            for index in ready {
                let before = clients[index].events
                try clients[index].socket.receive(into: &clients[index].buffer)
                takeFrames(index)
                if before < count, clients[index].events >= count {
                    missing -= 1
                    last = wallClock()
                }
            }
        }
        return last
    }

    /// Takes whole frames out of a client's buffer; text frames are events (RFC 6455, section 5.2).
    private func takeFrames(_ index: Int) {
        while clients[index].buffer.count >= 2 {
            let buffer = clients[index].buffer
            var (length, head) = (Int(buffer[1] & 0x7f), 2)
            if length == 126 {
                guard buffer.count >= 4 else { return }
                (length, head) = (Int(buffer[2]) << 8 | Int(buffer[3]), 4)
            }
            guard length < 127 || head == 4, buffer.count >= head + length else { return }
            if buffer[0] & 0x0f == 1 { clients[index].events += 1 }
            clients[index].buffer.removeFirst(head + length)
        }
    }
}

private func wallClock() -> Double { Double(SystemClock.unixMicroseconds) / 1e6 }
