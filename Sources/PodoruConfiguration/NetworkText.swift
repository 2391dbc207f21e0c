/// Addresses and endpoints as texts: what is wrong with one and what to write instead, or `nil`.
///
/// What passes here is what `Wire.Endpoint` and `Wire.IPAddress` read; a test holds the two together.
enum NetworkText {
    static func complaintAboutAddress(_ text: String) -> ConfigurationComplaint? {
        if IPBits(text) != nil { return nil }
        return ConfigurationComplaint(
            "'\(shortened(text))' is not an IPv4 or IPv6 address", remedy: "write one as 0.0.0.0 or ::1, without name, brackets or port")
    }

    static func complaintAboutEndpoint(_ text: String) -> ConfigurationComplaint? {
        guard let reason = faultOfEndpoint(text) else { return nil }
        if let (surplus, rest) = bare(text), faultOfEndpoint(rest) == nil {
            return ConfigurationComplaint(
                "'\(shortened(text))' is more than a host and a port", remedy: "leave out \(surplus): write \(rest)")
        }
        let example = "write host:port, as in 192.168.1.10:9000, node.example.org:9000 or [::1]:9000"
        return ConfigurationComplaint(reason, remedy: example)
    }

    private static func faultOfEndpoint(_ text: String) -> String? {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else {
            return "'\(shortened(text))' has no port"
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]"), host.contains(":") {
            host = String(host.dropFirst().dropLast())
            guard IPBits(host)?.isIPv4 == false || isMapped(host) else {
                return "'\(shortened(host))' is not an IPv6 address"
            }
        } else if host.contains(":") {
            return "'\(shortened(text))' needs brackets around the IPv6 address"
        } else if IPBits(host) == nil, !isHostName(host) {
            return "'\(shortened(host))' is not an address or a host name"
        }
        if IPBits(host)?.isUnspecified == true { return "\(host) stands for every address and cannot be dialled" }
        let port = text[text.utf8.index(after: colon)...]
        guard isDecimal(port.utf8), port.utf8.count <= 5, let number = Int(port), 1...65535 ~= number else {
            return "'\(shortened(String(port)))' is not a port, which is 1 to 65535"
        }
        return nil
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

    /// RFC 1123, and underscores, because container networks name hosts so. A name whose last label is a number is a
    /// broken IPv4 address.
    static func isHostName(_ name: String) -> Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard 1...253 ~= name.utf8.count, let last = labels.last, !isDecimal(last.utf8) else { return false }
        return labels.allSatisfy { label in
            let isClean = label.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"): true
                default: false
                }
            }
            return isClean && 1...63 ~= label.utf8.count && !label.hasPrefix("-") && !label.hasSuffix("-")
        }
    }

    private static func isMapped(_ host: String) -> Bool {
        host.contains(":") && IPBits(host)?.isIPv4 == true
    }

    private static func isDecimal(_ text: some Collection<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy { 0x30...0x39 ~= $0 }
    }
}

/// What to write for an endpoint that is none, for whoever takes one from an operator.
public enum EndpointAdvice {
    /// What is wrong with `text` as `host:port` and what to write instead; `nil` when nothing is.
    public static func text(for text: String) -> String? {
        NetworkText.complaintAboutEndpoint(text).map { "\($0.reason); \($0.remedy)" }
    }
}
