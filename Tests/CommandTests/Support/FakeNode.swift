import Foundation
import Ledger
import Primitives
import Synchronization
import TestKit

/// A server in a thread of its own that answers what a test tells it to, byte for byte: an honest node's API, or none.
final class FakeNode: Sendable {
    /// What a request gets.
    enum Answer: Sendable {
        /// `{"success":true,"data":…}`
        case data(String)
        /// `{"success":false,"error":…}`
        case refusal(Int, String)
        /// These bytes, and the connection is closed.
        case raw(String)
        /// These bytes again and again until nobody takes them.
        case endless(String, head: String)
        /// Nothing, until the client goes.
        case silence
    }

    struct Request: Sendable, Equatable {
        var method: String
        var path: String
        var body: String
    }

    private struct Content {
        var answers: [String: [Answer]] = [:]
        var requests: [Request] = []
        var isStopped = false
    }

    let port: Int
    private let listener: Int32
    private let content = Mutex(Content())

    /// Listens on a free port of 127.0.0.1, or on one that was free a moment ago.
    init(port wanted: Int = 0) throws {
        (listener, port) = try listenOnLoopback(port: wanted)
        Thread.detachNewThread { [self] in serve() }
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// The requests so far.
    var requests: [Request] { content.withLock { $0.requests } }

    /// Answers a path (`/node/info`); with several answers the last one stays.
    func on(_ path: String, _ answers: Answer...) {
        content.withLock { $0.answers[path] = answers }
    }

    /// In an answer, the hash of the transaction that was posted.
    static let hashOfBody = "HASH-OF-BODY"

    /// Answers `/transaction/{hash}` for every hash.
    func onAnyTransaction(_ answers: Answer...) {
        content.withLock { $0.answers["/transaction/*"] = answers }
    }

    func stop() {
        content.withLock { content in
            guard !content.isStopped else { return }
            content.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            close(listener)
        }
    }

    private func serve() {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            Thread.detachNewThread { [self] in
                answer(client)
                close(client)
            }
        }
    }

    private func answer(_ client: Int32) {
        guard let request = FakeNode.read(client) else { return }
        var path = request.path.replacingOccurrences(of: "/api/v1", with: "")
        if path.hasPrefix("/transaction/") { path = "/transaction/*" }
        let answer = content.withLock { content -> Answer in
            content.requests.append(request)
            guard let answers = content.answers[path], let first = answers.first else { return .refusal(404, "no such path") }
            if answers.count > 1 { content.answers[path] = Array(answers.dropFirst()) }
            return first
        }
        switch answer {
        case .data(var json):
            if json.contains(FakeNode.hashOfBody), let hash = FakeNode.hash(request.body) {
                json = json.replacingOccurrences(of: FakeNode.hashOfBody, with: hash)
            }
            FakeNode.write(client, FakeNode.response(200, "{\"success\":true,\"data\":\(json)}\n"))
        case .refusal(let status, let message):
            FakeNode.write(client, FakeNode.response(status, "{\"success\":false,\"error\":\"\(message)\"}\n"))
        case .raw(let text): FakeNode.write(client, text)
        case .endless(let piece, let head):
            guard FakeNode.write(client, head) else { return }
            while FakeNode.write(client, piece) {}
        case .silence:
            var byte: UInt8 = 0
            while recv(client, &byte, 1, 0) > 0 {}
        }
    }

    /// The hash of the transaction in a POST's body.
    private static func hash(_ body: String) -> String? {
        let json = Array(body.dropFirst("{\"transaction\":".count).dropLast().utf8)
        return (try? Transaction(decoding: json))?.hash.prefixedHex
    }

    private static func response(_ status: Int, _ body: String) -> String {
        "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @discardableResult
    private static func write(_ client: Int32, _ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func read(_ client: Int32) -> Request? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = text[..<end.lowerBound].components(separatedBy: "\r\n")
                let length = head.compactMap { $0.lowercased().hasPrefix("content-length:") ? Int($0.split(separator: " ")[1]) : nil }.first
                let body = String(text[end.upperBound...])
                if body.utf8.count >= length ?? 0 {
                    let words = head[0].split(separator: " ")
                    return words.count == 3 ? Request(method: String(words[0]), path: String(words[1]), body: body) : nil
                }
            }
            let count = recv(client, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
        }
    }
}

extension FakeNode {
    static let authorities = [
        "0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836", "0xb6ad77e26E15060F42616878D5E285A289bC2487",
        "0xaC06c146FdCF03376745B36FC3d0e9C95e703899",
    ]

    /// Answers as a node at `height` whose newest block is of now.
    func behave(height: Int = 3) {
        on(
            "/node/info",
            .data(
                #"{"version":"1.0.0","node_type":"full","address":"","chain_id":"0xabc","height":\#(height),"best_peer_height":\#(height),"#
                    + #""is_syncing":false,"peer_count":1,"peers":[],"uptime":5,"something_new":{"a":[1.5]}}"#))
        on(
            "/chain/info",
            .data(
                #"{"height":\#(height),"current_hash":"0x01","genesis_hash":"0x02","authorities":["\#(FakeNode.authorities.joined(separator: "\",\""))"]}"#
            ))
        on(
            "/node/peers",
            .data(
                #"{"peers":[{"id":"0x01","address":"127.0.0.1:9000","direction":"outbound","node_type":"producer","height":\#(height)}],"peer_count":1}"#
            ))
        on("/mempool", .data(#"{"count":2,"transactions":[]}"#))
        let now = Int(Date().timeIntervalSince1970)
        on("/node/health", .data(#"{"status":"healthy","checks":{},"timestamp":\#(now)}"#))
        for block in 0...height {
            on(
                "/block/height/\(block)",
                .data(
                    #"{"height":\#(block),"timestamp":\#(now - height + block),"producer":"\#(FakeNode.authorities[block % 3])","transaction_count":\#(block)}"#
                ))
        }
    }
}
