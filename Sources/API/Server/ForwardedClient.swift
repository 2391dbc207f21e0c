internal import NIOCore
internal import NIOHTTP1
internal import Network
internal import PodoruConfiguration

/// Who asks, where proxies stand in front of the node (`api_trusted_proxies`). A plain value.
///
/// Each proxy appends the address that it sees to `X-Forwarded-For`, so the list is to be read from its right end: an address that a trusted
/// proxy wrote is true, and what an untrusted client wrote stands to the left of it. Where no trusted proxy is on the other side of the
/// connection, the header is what anybody may write, and is not read.
struct TrustedProxies: Sendable, Equatable {
    private let networks: [IPNetwork]

    /// Proxies in a row that are followed. Three are many; the header may hold thousands of addresses.
    static let maxHops = 16

    init(_ networks: [IPNetwork] = []) {
        self.networks = networks
    }

    func contains(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }

    /// The right-most address that is no trusted proxy's. A list of trusted ones alone gives its left-most; an entry that is no address
    /// ends the way there, because whoever wrote it is the last that is known.
    ///
    /// - Parameters:
    ///   - peer: the other side of the connection.
    ///   - fields: the values of `X-Forwarded-For` in the order in which they came.
    func client(of peer: IPAddress, forwarded fields: [String]) -> IPAddress {
        guard contains(peer) else { return peer }
        var client = peer
        var hops = 0
        for field in fields.reversed() {
            for entry in field.split(separator: ",").reversed() {
                let text = TrustedProxies.trimmed(entry)
                // Lists may have empty entries, which say nothing (RFC 9110, 5.6.1.2).
                if text.isEmpty { continue }
                guard hops < TrustedProxies.maxHops, let address = TrustedProxies.address(text) else { return client }
                client = address
                guard contains(address) else { return client }
                hops += 1
            }
        }
        return client
    }

    /// `1.2.3.4`, `2001:db8::1`, and with a port, which some proxies write: `1.2.3.4:5`, `[2001:db8::1]:5`.
    private static func address(_ text: Substring) -> IPAddress? {
        guard text.utf8.count <= longest else { return nil }
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]"), isPort(text[text.index(after: end)...]) else { return nil }
            let inner = text[text.index(after: text.startIndex)..<end]
            return inner.contains(":") ? IPAddress(inner) : nil
        }
        if let address = IPAddress(text) { return address }
        guard let colon = text.firstIndex(of: ":"), isPort(text[colon...]) else { return nil }
        return IPAddress(text[..<colon])
    }

    private static func trimmed(_ entry: Substring) -> Substring {
        var text = entry.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return text
    }

    /// Nothing, or a colon and the digits of a port.
    private static func isPort(_ text: Substring) -> Bool {
        guard let colon = text.first else { return true }
        let digits = text.dropFirst().utf8
        return colon == ":" && (1...5).contains(digits.count) && digits.allSatisfy { 0x30...0x39 ~= $0 }
    }

    /// An IPv6 address of 45 characters, brackets, a colon and five digits.
    private static let longest = 53
}

extension IPAddress {
    /// `nil` for a Unix socket.
    init?(_ address: SocketAddress?) {
        guard let address, address.protocol != .unix else { return nil }
        // The address stands behind family and port, in IPv6 behind the flow label too (ip(7), ipv6(7)), in the network's order.
        self = address.withSockAddr { pointer, _ in
            let bytes = UnsafeRawPointer(pointer)
            guard address.protocol == .inet6 else {
                return IPAddress(ipv4: UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
            }
            return IPAddress(
                high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)))
        }
    }
}
