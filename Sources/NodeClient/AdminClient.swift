internal import Platform
internal import Primitives
internal import SystemPackage
package import Terminal

/// Asks a node on its admin socket (docs/admin.md).
package struct AdminClient: Sendable {
    private let http: HTTPClient
    private let path: String

    /// Looks at the socket before anything is sent, because what is wrong with it is what goes wrong most.
    ///
    /// - Throws: `CommandFailure` when it is not there, is no socket, or is not for this user.
    package init(socket path: String) throws(CommandFailure) {
        if Redaction.mayHoldKey(path) {
            throw CommandFailure(.usage, "what should be the path of the admin socket could be a private key")
        }
        let status: Stat
        do throws(Errno) {
            status = try FileSystem.status(path)
        } catch {
            switch error {
            case .permissionDenied: throw AdminClient.notPermitted(path)
            case .noSuchFileOrDirectory, .notDirectory:
                throw CommandFailure(
                    .unavailable,
                    "there is no admin socket at \(path): does the node run, and has its configuration `api_admin_socket: \"\(path)\"`?")
            default: throw CommandFailure(.unavailable, "cannot look at the admin socket \(path): \(error)")
            }
        }
        guard status.type == .socket else {
            throw CommandFailure(.usage, "\(path) is no socket: name the one of `api_admin_socket` in the node's configuration")
        }
        guard FileSystem.allows([.read, .write], path) else { throw AdminClient.notPermitted(path) }
        do throws(APIFailure) {
            http = HTTPClient(address: try APIAddress("unix:\(path)"))
        } catch {
            throw CommandFailure(.usage, "the admin socket \(path) cannot be used: its path must be absolute and have at most 107 bytes")
        }
        self.path = path
    }

    private static func notPermitted(_ path: String) -> CommandFailure {
        CommandFailure(
            .permission,
            "this user may not use the admin socket \(path): it is for its owner and group (`ls -l \(path)` shows them); "
                + "run the command as that user, or join the group")
    }

    /// Asks, and returns the answer's data.
    ///
    /// - Parameter words: the parts of the path after `/admin/v1`; each is one segment, whatever is in it.
    /// - Throws: `CommandFailure` with the node's own words when it refuses.
    package func call(
        _ method: HTTPClient.Method, _ words: [String], _ body: [(name: String, value: JSONValue)] = []
    ) async throws(CommandFailure) -> JSONValue {
        if (words + body.compactMap(\.value.text)).contains(where: Redaction.mayHoldKey) {
            throw CommandFailure(.usage, "what should be an address or a level could be a private key, and is not sent")
        }
        let path = "/admin/v1" + words.map { "/" + AdminClient.encoded($0) }.joined()
        let reply: HTTPClient.Reply
        do throws(APIFailure) {
            reply = try await http.request(method, path, body: body.isEmpty ? nil : AdminClient.json(body))
        } catch {
            if case .unreachable = error {
                throw CommandFailure(
                    .unavailable, "nobody answers on the admin socket \(self.path): the node that made it does not run any more")
            }
            throw error.commandFailure
        }
        guard let envelope = try? JSONValue(reply.body), let isSuccess = envelope["success"].bool else {
            guard reply.status < 300 else { throw APIFailure.foreign(http.address, ForeignAnswer(reply)).commandFailure }
            throw CommandFailure(.badData, "\(self.path) does not answer as a node's admin socket does (status \(reply.status))")
        }
        if isSuccess { return envelope["data"] }
        throw CommandFailure(AdminClient.exit(reply.status), envelope["error"].shortText ?? "the node refuses (\(reply.status))")
    }

    private static func exit(_ status: Int) -> SystemExit {
        switch status {
        case 400: .usage
        case 429, 503: .unavailable
        default: .badData
        }
    }

    /// One segment of a path: everything but letters, digits and `-._~` as `%XX` (RFC 3986, 2.3).
    static func encoded(_ segment: String) -> String { encoded(Array(segment.utf8)) }

    static func encoded(_ segment: [UInt8]) -> String {
        let hex = Array("0123456789ABCDEF")
        return segment.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: "%\(hex[Int(byte >> 4)])\(hex[Int(byte & 15)])"
            }
        }.joined()
    }

    /// A flat object of texts and numbers.
    private static func json(_ members: [(name: String, value: JSONValue)]) -> [UInt8] {
        JSONWriter.object(capacity: 128) { json in
            for member in members {
                json.name(escaping: ByteString(member.name))
                switch member.value {
                case .string(let text): json.string(text)
                case .number(let text): json.raw(Array(text.utf8))
                default: json.null()
                }
            }
        }
    }
}
