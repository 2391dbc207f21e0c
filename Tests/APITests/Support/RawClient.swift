import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestKit

/// A socket to the API: bytes out, bytes in, nothing done by itself.
final class RawClient: Sendable {
    private let channel: any Channel
    private let inbox: Inbox

    fileprivate final class Inbox: Sendable {
        struct State {
            var bytes: [UInt8] = []
            /// How much of it was handed out as answers.
            var taken = 0
            var isClosed = false
        }
        let state = Mutex(State())
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let inbox: Inbox

        init(_ inbox: Inbox) { self.inbox = inbox }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Reader.unwrapInboundIn(data)
            inbox.state.withLock { $0.bytes.append(contentsOf: bytes.readableBytesView) }
        }

        func channelInactive(context: ChannelHandlerContext) { inbox.state.withLock { $0.isClosed = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private init(_ channel: any Channel, _ inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    /// - Parameter reads: false for a client that never reads; its receive buffer is small then.
    static func connect(port: UInt16, reads: Bool = true) async throws -> RawClient {
        let inbox = Inbox()
        let channel = try await bootstrap(inbox, reads: reads).connect(host: "127.0.0.1", port: Int(port)).get()
        return RawClient(channel, inbox)
    }

    static func connect(unix path: String) async throws -> RawClient {
        let inbox = Inbox()
        return RawClient(try await bootstrap(inbox, reads: true).connect(unixDomainSocketPath: path).get(), inbox)
    }

    private static func bootstrap(_ inbox: Inbox, reads: Bool) -> ClientBootstrap {
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Reader(inbox)) }
            }
        return reads ? bootstrap : bootstrap.channelOption(.socketOption(.so_rcvbuf), value: 4096)
    }

    // MARK: Bytes

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// Writes without waiting for it to be taken.
    func push(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    /// Everything that came so far.
    var received: [UInt8] { inbox.state.withLock { $0.bytes } }
    var text: String { String(decoding: received, as: UTF8.self) }
    var isClosed: Bool { inbox.state.withLock { $0.isClosed } }

    func closed() async throws {
        try await eventually("the server closes the connection") { isClosed }
    }

    func close() { channel.close(promise: nil) }
    func shutdownOutput() async throws { try await channel.close(mode: .output).get() }

    /// Reads what came once, for a client that does not read by itself.
    func readOnce() { channel.read() }

    // MARK: Answers

    /// Takes the bytes that `parse` finds complete, waiting for them.
    func take<R>(_ what: String, _ parse: (ArraySlice<UInt8>) throws -> (R, count: Int)?) async throws -> R {
        var result: R?
        try await eventually(what) {
            let closed = isClosed
            let found = try inbox.state.withLock { state -> R? in
                guard let (value, count) = try parse(state.bytes[state.taken...]) else { return nil }
                state.taken += count
                return value
            }
            if found == nil, closed { throw TestFailure("the connection was closed instead of: \(what); it said: \(text.suffix(300))") }
            result = found
            return found != nil
        }
        guard let result else { throw TestFailure(what) }
        return result
    }

    /// The next answer.
    func answer(isHead: Bool = false) async throws -> HTTPAnswer {
        try await take("an answer") { try HTTPAnswer.parse($0, isHead: isHead) }
    }

    func send(_ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil) async throws -> HTTPAnswer {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        push(Array((head + "\r\n").utf8) + (body ?? []))
        return try await answer(isHead: method == "HEAD")
    }
}

/// One answer of the API.
struct HTTPAnswer: Sendable {
    var status: Int
    /// In the order in which they came.
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    /// The values of a header joined, or `nil`.
    subscript(name: String) -> String? {
        let values = headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as a JSON object.
    var json: [String: Any] {
        get throws {
            guard let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] else {
                throw TestFailure("not a JSON object: \(text)")
            }
            return object
        }
    }

    /// What stands under `error` in the envelope; fails when the answer is not one of an error.
    var error: String {
        get throws {
            guard try json["success"] as? Bool == false, let error = try json["error"] as? String else {
                throw TestFailure("not an error: \(status) \(text)")
            }
            return error
        }
    }

    /// What stands under `data` in the envelope of a success, as an object.
    var data: [String: Any] {
        get throws {
            guard try json["success"] as? Bool == true, let data = try json["data"] as? [String: Any] else {
                throw TestFailure("not a success with an object: \(status) \(text)")
            }
            return data
        }
    }

    /// The first answer in `bytes`, skipping `100 Continue`; `nil` while it is incomplete.
    static func parse(_ bytes: ArraySlice<UInt8>, isHead: Bool) throws -> (HTTPAnswer, count: Int)? {
        let mark = Array("\r\n\r\n".utf8)
        guard bytes.count >= mark.count,
            let end = bytes.indices.dropLast(mark.count - 1).first(where: { bytes[$0..<$0 + mark.count].elementsEqual(mark) })
        else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw TestFailure("not a status line: \(lines[0])")
        }
        let headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (name: String(parts[0]), value: parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
        let bodyStart = end + mark.count
        if status == 100 {
            guard let (answer, count) = try parse(bytes[bodyStart...], isHead: isHead) else { return nil }
            return (answer, count + bodyStart - bytes.startIndex)
        }
        var answer = HTTPAnswer(status: status, headers: headers, body: [])
        guard !isHead, status != 204, status != 101 else { return (answer, bodyStart - bytes.startIndex) }
        guard let length = answer["Content-Length"].flatMap({ Int($0) }) else { throw TestFailure("no Content-Length: \(lines)") }
        guard bytes.endIndex >= bodyStart + length else { return nil }
        answer.body = Array(bytes[bodyStart..<bodyStart + length])
        return (answer, bodyStart + length - bytes.startIndex)
    }
}
