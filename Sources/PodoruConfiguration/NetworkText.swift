internal import Network

/// What is wrong with a text that is no address or no endpoint, and what to write instead. Which texts are some is for `IPAddress` and
/// `Endpoint` to say.
enum NetworkText {
    static func complaintAboutAddress(_ text: String) -> ConfigurationComplaint? {
        if IPAddress(text) != nil { return nil }
        return ConfigurationComplaint(
            "'\(shortened(text))' is not an IPv4 or IPv6 address", remedy: "write one as 0.0.0.0 or ::1, without name, brackets or port")
    }

    /// An endpoint that can be dialled.
    static func endpoint(_ text: String) throws(ConfigurationComplaint) -> Endpoint {
        if let endpoint = Endpoint(text), endpoint.isDialable { return endpoint }
        if let (surplus, rest) = bare(text), isDialable(rest) {
            throw ConfigurationComplaint(
                "'\(shortened(text))' is more than a host and a port", remedy: "leave out \(surplus): write \(rest)")
        }
        let example = "write host:port, as in 192.168.1.10:9000, node.example.org:9000 or [::1]:9000"
        throw ConfigurationComplaint(faultOfEndpoint(text), remedy: example)
    }

    private static func isDialable(_ text: String) -> Bool { Endpoint(text)?.isDialable ?? false }

    /// Of a text that is no endpoint to dial.
    private static func faultOfEndpoint(_ text: String) -> String {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else {
            return "'\(shortened(text))' has no port"
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]"), host.contains(":") {
            host = String(host.dropFirst().dropLast())
            guard IPAddress(host) != nil else { return "'\(shortened(host))' is not an IPv6 address" }
        } else if host.contains(":") {
            return "'\(shortened(text))' needs brackets around the IPv6 address"
        } else if Endpoint(host: host, port: 1) == nil {
            return "'\(shortened(host))' is not an address or a host name"
        }
        if IPAddress(host)?.isUnspecified == true { return "\(host) stands for every address and cannot be dialled" }
        let port = text[text.utf8.index(after: colon)...]
        return "'\(shortened(String(port)))' is not a port, which is 1 to 65535"
    }

    /// An endpoint without the scheme, the identity and the path that other programs write around one, and the words for those; `nil`
    /// when it has none.
    private static func bare(_ text: String) -> (surplus: String, rest: String)? {
        var rest = text[...]
        var surplus: [String] = []
        if let scheme = text.firstRange(of: "://") {
            surplus.append(shortened(String(text[..<scheme.upperBound])))
            rest = text[scheme.upperBound...]
        }
        if let at = rest.lastIndex(of: "@") {
            surplus.append("what stands before and with @")
            rest = rest[rest.index(after: at)...]
        }
        if let slash = rest.firstIndex(where: { "/?#".contains($0) }) {
            surplus.append("'\(shortened(String(rest[slash...])))'")
            rest = rest[..<slash]
        }
        return surplus.isEmpty ? nil : (surplus.joined(separator: " and "), String(rest))
    }
}

/// What to write for an endpoint that is none, for whoever takes one from an operator.
public enum EndpointAdvice {
    /// What is wrong with `text` as `host:port` and what to write instead; `nil` when nothing is.
    public static func text(for text: String) -> String? {
        do throws(ConfigurationComplaint) {
            _ = try NetworkText.endpoint(text)
            return nil
        } catch {
            return "\(error.reason); \(error.remedy)"
        }
    }
}
