/// A host and a TCP port: where a node listens or is dialled.
///
/// The host is an IPv4 address, an IPv6 address (canonical, without brackets) or a name in lower case; equal places
/// written differently (`[::FFFF:1.2.3.4]:9000`, `1.2.3.4:9000`) are equal values. A name is not resolved here.
public struct Endpoint: Hashable, Sendable {
    /// Without brackets.
    public let host: String
    /// 0 stands for "any free port" when listening and for "no connections" in a handshake; see `isDialable`.
    public let port: UInt16
    /// The host as a number; `nil` when it is a name.
    public let address: IPAddress?

    /// The longest text of an endpoint: a name of 253 bytes, a colon, five digits.
    public static let maxTextByteCount = 259

    /// `nil` unless `host` is an address or a host name (RFC 1123; underscores pass too, because container networks
    /// name hosts so). A name whose last label is a number is refused: it is a broken IPv4 address.
    public init?(host: some StringProtocol, port: UInt16) {
        if let address = IPAddress(host) {
            self.host = address.description
            self.address = address
        } else {
            guard let name = Endpoint.normalisedName(host) else { return nil }
            self.host = name
            address = nil
        }
        self.port = port
    }

    /// An endpoint at an address.
    public init(address: IPAddress, port: UInt16) {
        host = address.description
        self.address = address
        self.port = port
    }

    /// Reads `host:port` or `[ipv6]:port`, port 0…65535 in decimal. `nil` for anything else; at most
    /// `maxTextByteCount` bytes are looked at.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= Endpoint.maxTextByteCount, let colon = text.lastIndex(of: ":") else { return nil }
        guard let port = Endpoint.parsePort(text[text.index(after: colon)...]) else { return nil }
        let host = text[..<colon]
        if host.first == "[" {
            guard host.last == "]", case let inner = host.dropFirst().dropLast(), inner.contains(":") else { return nil }
            self.init(host: inner, port: port)
        } else {
            guard !host.contains(":") else { return nil }
            self.init(host: host, port: port)
        }
    }

    /// Whether a connection can be made to it: a port, and not the wildcard.
    public var isDialable: Bool { port != 0 && !isWildcard }

    /// Whether the host is `0.0.0.0` or `::`.
    public var isWildcard: Bool { address?.isUnspecified ?? false }

    static func parsePort(_ text: some StringProtocol) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return UInt16(text)
    }

    private static func normalisedName(_ text: some StringProtocol) -> String? {
        let utf8 = Array(text.utf8.prefix(254))  // one over the greatest length of a name
        guard (1...253).contains(utf8.count) else { return nil }
        var lastLabelIsNumber = false
        for label in utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-") else { return nil }
            lastLabelIsNumber = true
            for byte in label {
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): break
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    lastLabelIsNumber = false
                default: return nil
                }
            }
        }
        return lastLabelIsNumber ? nil : text.lowercased()
    }
}

extension Endpoint: CustomStringConvertible {
    /// `host:port`, an IPv6 host in brackets; reads back to the same value.
    public var description: String {
        if let address, !address.isIPv4 { return "[\(host)]:\(port)" }
        return "\(host):\(port)"
    }
}
