internal import Network

/// Origins of web pages as texts (RFC 6454): a page is known by what its browser sends, byte for byte.
enum OriginText {
    /// What is wrong with `text`, which is to be `*` or an origin just as browsers send it: scheme and host in lower case, an
    /// international name in its ASCII form, no default port, nothing behind.
    static func complaint(_ text: String) -> ConfigurationComplaint? {
        if text == "*" { return nil }
        let foreign = text.unicodeScalars.contains { !$0.isASCII }
        if foreign, text.contains("://") {
            return ConfigurationComplaint(
                "'\(shortened(text))' has letters outside ASCII, which no browser sends",
                remedy: "write the host in its ASCII form, which begins with xn-- (copy the address out of a browser)")
        }
        guard text.utf8.count <= ConfigurationLimits.maxTextBytes, let sent = spelling(text) else {
            return ConfigurationComplaint(
                "'\(shortened(text))' is not an origin",
                remedy: "write \"*\", or scheme and host as browsers send them, as in https://example.org or http://localhost:3000")
        }
        if sent == text { return nil }
        return ConfigurationComplaint(
            "'\(shortened(text))' is not as browsers send it and would match none of them", remedy: "write \(sent)")
    }

    /// The default ports, which browsers leave out.
    private static let schemes = [("https", 443), ("http", 80)]

    /// The origin of a URL as browsers send it, or `nil` when it has none.
    private static func spelling(_ url: String) -> String? {
        guard let colon = url.firstRange(of: "://"),
            let (scheme, defaultPort) = schemes.first(where: { $0.0 == url[..<colon.lowerBound].lowercased() })
        else { return nil }
        let authority = url[colon.upperBound...].prefix { !"/?#".contains($0) }
        guard let (host, port) = split(authority) else { return nil }
        if port == nil || port == defaultPort { return "\(scheme)://\(host)" }
        return "\(scheme)://\(host):\(port ?? 0)"
    }

    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        var host = authority
        var port: Int?
        let afterAddress = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterAddress...].firstIndex(of: ":") {
            let digits = authority[authority.index(after: colon)...]
            guard 1...5 ~= digits.utf8.count, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int(digits), 1...65535 ~= number
            else { return nil }
            port = number
            host = authority[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            guard let address = IPAddress(host.dropFirst().dropLast()), !address.isIPv4, !address.isUnspecified else { return nil }
            return ("[\(address)]", port)
        }
        // Port 1 stands for any: the host alone is judged.
        guard let endpoint = Endpoint(host: host, port: 1) else { return nil }
        if let address = endpoint.address, !address.isIPv4 || address.isUnspecified { return nil }
        return (endpoint.host, port)
    }
}
