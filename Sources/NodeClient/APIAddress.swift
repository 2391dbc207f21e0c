internal import Primitives

/// Where a node's API is: `http://host:port[/base]`, or `unix:/path` for a socket in the file system.
package struct APIAddress: Hashable, Sendable, CustomStringConvertible {
    enum Place: Hashable, Sendable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    let place: Place
    /// What stands in front of every path, without a slash at its end: empty unless a proxy serves the API below a folder.
    let base: String

    /// The port of a node unless its configuration says otherwise (`operations.md`, "Configuration").
    package static let standard = APIAddress(host: "127.0.0.1", port: 8545)
    /// The port that a URL without one means.
    private static let webPort = 80
    /// The longest path that a socket in the file system may have on Linux: `sun_path` without its zero.
    private static let maxSocketPathBytes = 107

    init(host: String, port: UInt16) {
        place = .tcp(host: host, port: Int(port))
        base = ""
    }

    /// Reads what an operator wrote. `host:port` without a scheme is taken too, and `/api/v1` at the end is dropped, because
    /// people paste it.
    ///
    /// - Throws: `APIFailure.address` with what is wrong.
    package init(_ text: String) throws(APIFailure) {
        func fault(_ reason: String) -> APIFailure { .address(text, reason) }
        // It would be asked of a name server, and stand in every complaint.
        if Redaction.mayHoldKey(text) { throw fault("it could be a private key") }
        if text.hasPrefix("unix:") {
            let path = APIAddress.withoutDoubleSlash(text.dropFirst("unix:".count))
            guard path.hasPrefix("/") else { throw fault("the path of a socket must be absolute, such as unix:/run/podoru/admin.sock") }
            guard path.utf8.count <= APIAddress.maxSocketPathBytes else {
                throw fault("the path of a socket has at most \(APIAddress.maxSocketPathBytes) bytes")
            }
            place = .unix(path: path)
            base = ""
            return
        }
        var rest = text[...]
        if let colon = text.firstRange(of: "://") {
            switch text[..<colon.lowerBound].lowercased() {
            case "http": rest = text[colon.upperBound...]
            case "https": throw fault("https is not spoken here: give the node's own http address, or a tunnel to it (ssh -L)")
            default: throw fault("only http://host:port and unix:/path are understood")
            }
        }
        guard !rest.contains("@"), !rest.contains("?"), !rest.contains("#") else {
            throw fault("user names, queries and fragments are not understood")
        }
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw fault("it holds a blank or a character outside ASCII") }
        let authority = rest.prefix { $0 != "/" }
        base = APIAddress.base(rest.dropFirst(authority.count))
        guard let (host, port) = APIAddress.split(authority) else {
            throw fault("it should look like http://127.0.0.1:8545, with a port from 1 to 65535 and an IPv6 address in brackets")
        }
        place = .tcp(host: host, port: port)
    }

    /// `unix:///run/x` is `unix:/run/x`.
    private static func withoutDoubleSlash(_ text: Substring) -> String {
        String(text.hasPrefix("//") ? text.dropFirst(2) : text)
    }

    private static func base(_ path: Substring) -> String {
        var base = path
        while base.hasSuffix("/") { base.removeLast() }
        if base.hasSuffix("/api/v1") { base.removeLast("/api/v1".count) }
        while base.hasSuffix("/") { base.removeLast() }
        return String(base)
    }

    private static func split(_ authority: Substring) -> (host: String, port: Int)? {
        var host = authority
        var port: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            if !rest.isEmpty {
                guard rest.first == ":" else { return nil }
                port = rest.dropFirst()
            }
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty, port?.allSatisfy(\.isNumber) ?? true else { return nil }
        let number = port.map { Int($0) ?? 0 } ?? webPort
        return (1...65535).contains(number) ? (String(host), number) : nil
    }

    /// As an operator would write it.
    package var description: String {
        switch place {
        case .tcp(let host, let port): "http://\(host.contains(":") ? "[\(host)]" : host):\(port)\(base)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The `Host` header.
    var authority: String {
        switch place {
        case .tcp(let host, let port): "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix: "localhost"
        }
    }
}
