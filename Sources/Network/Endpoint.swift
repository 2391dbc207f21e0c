internal import Primitives

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
        self.init(hostUTF8: host.utf8, port: port)
    }

    private init?(hostUTF8 text: some Collection<UInt8>, port: UInt16) {
        if let address = IPAddress(utf8: text) {
            self.init(address: address, port: port)
        } else {
            guard let name = Endpoint.normalisedName(text) else { return nil }
            self.init(name: name, port: port)
        }
    }

    private init(name: String, port: UInt16) {
        host = name
        address = nil
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
        self.init(utf8: Array(text.utf8.prefix(Endpoint.maxTextByteCount + 1)))
    }

    package init?(utf8 text: [UInt8]) {
        let separator = UInt8(ascii: ":")
        guard text.count <= Endpoint.maxTextByteCount, let colon = text.lastIndex(of: separator) else { return nil }
        guard let port = Endpoint.parsePort(text[(colon + 1)...]) else { return nil }
        let host = text[..<colon]
        if host.first == UInt8(ascii: "[") {
            guard host.last == UInt8(ascii: "]") else { return nil }
            let inner = host.dropFirst().dropLast()
            guard inner.contains(separator) else { return nil }
            self.init(hostUTF8: inner, port: port)
        } else {
            guard !host.contains(separator) else { return nil }
            self.init(hostUTF8: host, port: port)
        }
    }

    /// Whether a connection can be made to it: a port, and not the wildcard.
    public var isDialable: Bool { port != 0 && !isWildcard }

    /// Whether the host is `0.0.0.0` or `::`.
    public var isWildcard: Bool { address?.isUnspecified ?? false }

    package static func parsePort(_ digits: some Collection<UInt8>) -> UInt16? {
        guard digits.count <= 5, let value = parseDecimal(digits) else { return nil }
        return UInt16(exactly: value)
    }

    private static func normalisedName(_ text: some Collection<UInt8>) -> String? {
        guard (1...253).contains(text.count) else { return nil }
        var lower: [UInt8] = []
        lower.reserveCapacity(text.count)
        var labelStart = 0
        var isNumber = true
        for byte in text {
            switch byte {
            case UInt8(ascii: "."):
                guard isLabel(lower[labelStart...]) else { return nil }
                labelStart = lower.count + 1
                isNumber = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): break
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"): isNumber = false
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                isNumber = false
                lower.append(byte | 0x20)
                continue
            default: return nil
            }
            lower.append(byte)
        }
        return isLabel(lower[labelStart...]) && !isNumber ? String(decoding: lower, as: UTF8.self) : nil
    }

    private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
        (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
    }
}

extension Endpoint: CustomStringConvertible {
    /// `host:port`, an IPv6 host in brackets; reads back to the same value.
    public var description: String {
        if let address, !address.isIPv4 { return "[\(host)]:\(port)" }
        return "\(host):\(port)"
    }
}
