internal import ChainService
internal import Logging
internal import NIOHTTP1
internal import Node
internal import Primitives
internal import Wire

/// What an operator may ask of a running node (docs/admin.md). Served on the Unix socket `api_admin_socket` only: who may open that
/// file is who may do this. The envelope is that of the API.
func adminRoutes(node: Node) -> [Route] {
    AdminPeers.routes(node) + AdminBans.routes(node) + [
        Route(.GET, "/admin/v1/status") { _ in try await AdminState.status(node) },
        Route(.PUT, "/admin/v1/log-level") { request in
            let level = try AdminBody(request, example: #"{"level":"debug"}"#).text("level")
            try await told { () async throws(AdminError) in try node.setLogLevel(level) }
            return .object { json in json.member("log_level", node.currentLogLevel?.rawValue ?? level) }
        },
        Route(.POST, "/admin/v1/producer/pause") { _ in
            try await told { () async throws(AdminError) in try await node.pauseProduction() }
            return .object { json in json.member("production_paused", true) }
        },
        Route(.POST, "/admin/v1/producer/resume") { _ in
            try await told { () async throws(AdminError) in try await node.resumeProduction() }
            return .object { json in json.member("production_paused", false) }
        },
    ]
}

private enum AdminState {
    static func status(_ node: Node) async throws -> APIResponse {
        guard let status = await node.status() else { throw NodeStopped() }
        let bans = try await told { () async throws(AdminError) in try await node.bans() }
        return .object { json in
            json.member("version", PodoruVersion.current)
            json.member("node_type", status.nodeType.text)
            json.member("address", status.address)
            json.member("height", status.height)
            json.member("is_syncing", status.isSyncing)
            json.member("peer_count", status.peers.count)
            json.member("ban_count", bans.count)
            json.member("mempool_count", status.mempoolCount)
            json.member("production_paused", status.isProductionPaused)
            json.member("log_level", node.currentLogLevel?.rawValue)
            json.member("uptime", status.uptime / .seconds(1))
        }
    }
}

private enum AdminPeers {
    static func routes(_ node: Node) -> [Route] {
        [
            Route(.GET, "/admin/v1/peers") { _ in
                guard let status = await node.status() else { throw NodeStopped() }
                return .success(capacity: 512 * (1 + status.peers.count)) { json in
                    json.array(status.peers) { json, peer in json.peer(peer) }
                }
            },
            Route(.POST, "/admin/v1/peers") { request in
                let address = try AdminBody(request, example: #"{"address":"203.0.113.7:9000"}"#).text("address")
                let isNew = try await told { () async throws(AdminError) in try await node.addPeer(address) }
                return .object { json in
                    json.member("address", address)
                    json.member("added", isNew)
                }
            },
            Route(.DELETE, "/admin/v1/peers/{address}") { request in
                let name = request.firstParameter
                let count = try await told { () async throws(AdminError) in try await node.removePeer(name) }
                return .object { json in json.closed(name, count) }
            },
        ]
    }
}

private enum AdminBans {
    /// How long a ban lasts when nobody says: a day, after which an address may well be somebody else's.
    private static let standardSeconds: Int64 = 24 * 3600

    static func routes(_ node: Node) -> [Route] {
        [
            Route(.GET, "/admin/v1/bans") { _ in
                let bans = try await told { () async throws(AdminError) in try await node.bans() }
                return .success(capacity: 96 * (1 + bans.count)) { json in
                    json.array(bans) { json, ban in
                        json.object { json in
                            json.member("address", ban.address)
                            json.member("until", ban.until)
                            json.member("by", ban.isOperators ? "operator" : "faults")
                        }
                    }
                }
            },
            Route(.POST, "/admin/v1/bans") { request in
                let body = try AdminBody(request, example: #"{"address":"203.0.113.7","seconds":3600}"#)
                let (address, seconds) = (try body.text("address"), body.seconds ?? standardSeconds)
                let count = try await told { () async throws(AdminError) in try await node.ban(address, for: .seconds(seconds)) }
                return .object { json in json.closed(address, count) }
            },
            Route(.DELETE, "/admin/v1/bans/{address}") { request in
                let address = request.firstParameter
                try await told { () async throws(AdminError) in try await node.unban(address) }
                return .object { json in json.member("address", address) }
            },
        ]
    }
}

// MARK: - In and out

/// The body of an admin request: one flat object of a few known keys, each at most once.
private struct AdminBody {
    private var texts: [String: String] = [:]
    private(set) var seconds: Int64?
    private let complaint: APIError

    /// - Parameter example: what a right body looks like, for who sent a wrong one.
    init(_ request: APIRequest, example: String) throws(APIError) {
        complaint = APIError(.badRequest, "the body must be JSON such as \(example)")
        var (texts, seconds, isWrong): ([String: String], Int64?, Bool) = ([:], nil, false)
        func note(_ key: String, _ value: String) {
            if texts.updateValue(value, forKey: key) != nil { isWrong = true }
        }
        do throws(APIError) {
            try RequestBody.readObject(request.body) { (key, reader) throws(JSONError) in
                if key.equals("address") {
                    note("address", try reader.readString().text)
                } else if key.equals("level") {
                    note("level", try reader.readString().text)
                } else if key.equals("seconds") {
                    isWrong = isWrong || seconds != nil
                    seconds = try reader.readInt64()
                } else {
                    isWrong = true
                    return false
                }
                return true
            }
        } catch {
            throw complaint
        }
        // A misspelt key must not quietly become the default, nor one of two values count.
        if isWrong { throw complaint }
        (self.texts, self.seconds) = (texts, seconds)
    }

    func text(_ key: String) throws(APIError) -> String {
        guard let text = texts[key] else { throw complaint }
        return text
    }
}

extension APIRequest {
    fileprivate var firstParameter: String { parameters.first?.text ?? "" }
}

extension JSONWriter {
    fileprivate mutating func closed(_ address: String, _ count: Int) {
        member("address", address)
        member("connections_closed", count)
    }
}

/// Does what the operator asks, its refusal as an answer.
private func told<Value>(_ body: () async throws(AdminError) -> Value) async throws -> Value {
    do throws(AdminError) { return try await body() } catch { throw error.answer }
}

extension AdminError {
    fileprivate var answer: any Error {
        switch self {
        case .malformed(let text): APIError(.badRequest, text)
        case .unknown(let text): APIError(.notFound, text)
        case .refused(let text): APIError(.conflict, text)
        case .stopped: NodeStopped()
        }
    }
}
