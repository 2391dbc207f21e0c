internal import NIOHTTP1
internal import Terminal

/// An answer with a status of failure that no node gave: that of a proxy in front of one, or of another server.
package struct ForeignAnswer: Error, Hashable, Sendable {
    var status: Int
    /// Where it sends the client, and when the client may come again, in its words.
    var location: String?
    var retryAfter: String?

    /// Characters of what a stranger says that are repeated.
    private static let maxCharacters = 200

    init(_ reply: HTTPClient.Reply) {
        status = reply.status
        location = reply.header("Location").map { StatusText.printable(String($0.prefix(ForeignAnswer.maxCharacters))) }
        retryAfter = reply.header("Retry-After")
    }

    /// Such as `502 Bad Gateway (a proxy whose node is down?)`.
    var text: String {
        let words = [phrase, hint.map { "(\($0))" }].compactMap { $0 }
        return "\(status) \(words.joined(separator: " "))"
    }

    /// The standard's words for the status, whatever the server says.
    private var phrase: String? {
        let known = HTTPResponseStatus(statusCode: status)
        if case .custom = known { return nil }
        return known.reasonPhrase
    }

    private var hint: String? {
        switch status {
        case 300..<400:
            guard let location else { return "a redirect: name the address of the node itself" }
            let isSecure = location.lowercased().hasPrefix("https:")
            return "a redirect to \(location)" + (isSecure ? ", and https is not spoken here: name the node's own http address" : "")
        case 401, 407: return "a proxy that wants a password: ask the node itself"
        case 403: return "a proxy that lets only others in?"
        case 404, 405: return "another server than a node, or a proxy that has the API at another path?"
        case 429: return "too many requests\(ForeignAnswer.again(retryAfter))"
        case 503: return "a proxy whose node is down?\(ForeignAnswer.again(retryAfter))"
        case 502: return "a proxy whose node is down?"
        case 504: return "a proxy whose node is down or too slow?"
        case 500..<600: return "a fault of the server there: its log says more"
        default: return nil
        }
    }

    /// When to come again, by a header `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
    static func again(_ retryAfter: String?) -> String {
        guard let text = retryAfter?.prefix(64), !text.isEmpty else { return "" }
        if let seconds = Int64(text) { return "; try again in \(StatusText.duration(seconds))" }
        return "; try again after \(StatusText.printable(String(text)))"
    }

    /// Whether a proxy got no good answer from its node: what the node did with the request is not known then.
    package var leavesOutcomeOpen: Bool { status >= 500 && status != 503 }

    /// Whether only this path is kept from us, as by a proxy that does not show all of a node.
    package var isOfThePath: Bool { [401, 403, 404, 405, 429].contains(status) }
}
