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
            "an address of 0x and 40 hexadecimal digits", write: { quoted($0.checksummed.text) },
            parse: { text, _ throws(ConfigurationComplaint) in
                guard let address = Address(ByteString(text)) else {
                    throw ConfigurationComplaint("'\(shortened(text))' is not an address", remedy: "write 0x and 40 hexadecimal digits")
                }
                return address
            })
    }
}

extension ConfigurationType where Value == CIDR {
    static var cidr: ConfigurationType {
        scalar(
            "a network as 10.0.0.0/8 or 2001:db8::/32, or one address", write: { quoted($0.description) },
            parse: { text, _ throws(ConfigurationComplaint) in
                guard let written = CIDR(text) else {
                    throw ConfigurationComplaint(
                        "'\(shortened(text))' is not a network", remedy: "write an address and a length, as in 10.0.0.0/8 or 2001:db8::/32")
                }
                guard written.hostBitsAreZero else {
                    throw ConfigurationComplaint(
                        "\(text) sets bits beyond its length", remedy: "write \(written.masked) or a longer length")
                }
                return written
            })
    }
}

extension ConfigurationType where Value == String {
    /// The path of a file or folder; a relative one begins at the working directory.
    static var path: ConfigurationType {
        nonEmpty("a path", maxBytes: ConfigurationLimits.maxPathBytes)
    }

    /// The path of a Unix socket.
    static var socketPath: ConfigurationType {
        nonEmpty("the path of a socket", maxBytes: ConfigurationLimits.maxSocketPathBytes)
    }

    /// A name of a chain.
    static var chainID: ConfigurationType {
        nonEmpty("text", maxBytes: ConfigurationLimits.maxChainIDBytes)
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

    /// Where a node can be dialled.
    static var endpoint: ConfigurationType {
        scalar(
            "host:port", write: quoted,
            parse: { text, _ throws(ConfigurationComplaint) in
                if let complaint = NetworkText.complaintAboutEndpoint(text) { throw complaint }
                return text
            })
    }

    /// `*` or an origin as browsers send it.
    static var origin: ConfigurationType {
        scalar(
            "\"*\" or an origin as https://example.org", write: quoted,
            parse: { text, _ throws(ConfigurationComplaint) in
                if let complaint = NetworkText.complaintAboutOrigin(text) { throw complaint }
                return text
            })
    }

    private static func nonEmpty(_ name: String, maxBytes: Int) -> ConfigurationType {
        scalar(
            "\(name) of at most \(maxBytes) bytes", write: quoted,
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
                return text
            })
    }
}

/// `text` as a YAML scalar in double quotes. No value that is written holds a control character.
private func quoted(_ text: String) -> String {
    "\"" + text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
}
