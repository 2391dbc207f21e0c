internal import Network
internal import Primitives

extension ConfigurationType where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    /// One of the cases' names.
    static func choice() -> ConfigurationType {
        let names = Value.allCases.map(\.rawValue)
        let text = "one of \(names.joined(separator: ", "))"
        return scalar(
            text, write: { $0.rawValue },
            parse: { written, _ throws(ConfigurationComplaint) in
                guard let value = Value(rawValue: written) else {
                    let nearest = names.min { editDistance(written, $0) < editDistance(written, $1) } ?? ""
                    throw ConfigurationComplaint(
                        "'\(shortened(written))' is not \(text)", remedy: "write \(nearest), which is the nearest, or another of them")
                }
                return value
            })
    }
}

extension ConfigurationType where Value == Address {
    static var address: ConfigurationType {
        scalar(
            "an address of 0x and 40 hexadecimal digits",
            remedyForKey: "write 0x and 40 hexadecimal digits, as `podoru address FILE` prints them for a key file",
            write: { quoted($0.checksummed.text) },
            parse: { text, _ throws(ConfigurationComplaint) in
                guard let address = Address(ByteString(text)) else {
                    throw ConfigurationComplaint("'\(shortened(text))' is not an address", remedy: "write 0x and 40 hexadecimal digits")
                }
                return address
            })
    }
}

extension ConfigurationType where Value == Endpoint {
    /// Where a node can be dialled.
    static var endpoint: ConfigurationType {
        scalar(
            "host:port", write: { quoted($0.description) },
            parse: { text, _ throws(ConfigurationComplaint) in try NetworkText.endpoint(text) })
    }
}

extension ConfigurationType where Value == IPNetwork {
    static var network: ConfigurationType {
        scalar(
            "a network as 10.0.0.0/8 or 2001:db8::/32, or one address", write: { quoted($0.description) },
            parse: { text, _ throws(ConfigurationComplaint) in
                guard let written = IPNetwork(text) else {
                    throw ConfigurationComplaint(
                        "'\(shortened(text))' is not a network", remedy: "write an address and a length, as in 10.0.0.0/8 or 2001:db8::/32")
                }
                guard written == written.masked else {
                    throw ConfigurationComplaint(
                        "\(text) sets bits beyond its length", remedy: "write \(written.masked) or a longer length")
                }
                return written
            })
    }
}

extension ConfigurationType where Value == String {
    /// The path of a file or folder; a relative one begins at the working directory.
    static var path: ConfigurationType { path("a path", maxBytes: ConfigurationLimits.maxPathBytes) }

    /// The path of the file that holds the private key.
    static var keyFile: ConfigurationType {
        path(
            "a path", maxBytes: ConfigurationLimits.maxPathBytes,
            remedyForKey: "write the key into a file of its own (mode 0600) and name that file here; who could read this may have the key")
    }

    /// The path of a Unix socket.
    static var socketPath: ConfigurationType { path("the path of a socket", maxBytes: ConfigurationLimits.maxSocketPathBytes) }

    /// A name of a chain.
    static var chainID: ConfigurationType {
        nonEmpty(
            "text", maxBytes: ConfigurationLimits.maxChainIDBytes,
            remedyForKey: "remove the key: not set, it is the hash of the genesis block")
    }

    /// An address of this machine to listen on.
    static var ipAddress: ConfigurationType {
        scalar(
            "an IPv4 or IPv6 address", write: quoted,
            parse: { text, _ throws(ConfigurationComplaint) in
                if let complaint = NetworkText.complaintAboutAddress(text) { throw complaint }
                return text
            })
    }

    /// `*` or an origin as browsers send it.
    static var origin: ConfigurationType {
        scalar(
            "\"*\" or an origin as https://example.org", write: quoted,
            parse: { text, _ throws(ConfigurationComplaint) in
                if let complaint = OriginText.complaint(text) { throw complaint }
                return text
            })
    }

    private static func path(_ name: String, maxBytes: Int, remedyForKey: String? = nil) -> ConfigurationType {
        let remedy = remedyForKey ?? "choose a name without them; a private key stands in a file of its own, which private_key names"
        return nonEmpty(name, maxBytes: maxBytes, remedyForKey: remedy, complaint: PathText.complaint)
    }

    private static func nonEmpty(
        _ name: String, maxBytes: Int, remedyForKey: String,
        complaint: @escaping @Sendable (String) -> ConfigurationComplaint? = { _ in nil }
    ) -> ConfigurationType {
        scalar(
            "\(name) of at most \(maxBytes) bytes", remedyForKey: remedyForKey, write: quoted,
            parse: { text, _ throws(ConfigurationComplaint) in
                guard !text.isEmpty else {
                    throw ConfigurationComplaint(
                        "expected \(name), found an empty text", remedy: "write one, or remove the key to have its default")
                }
                guard text.utf8.count <= maxBytes else {
                    throw ConfigurationComplaint("\(text.utf8.count) bytes are too long", remedy: "write at most \(maxBytes)")
                }
                guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
                    throw ConfigurationComplaint("'\(shortened(text))' holds a control character", remedy: "remove it")
                }
                if let complaint = complaint(text) { throw complaint }
                return text
            })
    }
}

/// `text` as a YAML scalar in double quotes. No value that is written holds a control character.
private func quoted(_ text: String) -> String {
    "\"" + text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
}
