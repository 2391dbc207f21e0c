internal import Network
internal import Primitives

extension Handshake {
    /// The fields in the order in which they are written: the seed's as its Go struct marshals them, then ours.
    private enum Field: Int, CaseIterable {
        case version, chainID, height, nodeType, listenAddress, capabilities, nodeID, nonce, rules, commit

        var name: StaticString {
            switch self {
            case .version: "Version"
            case .chainID: "ChainID"
            case .height: "Height"
            case .nodeType: "NodeType"
            case .listenAddress: "ListenAddr"
            case .capabilities: "Capabilities"
            case .nodeID: "NodeID"
            case .nonce: "Nonce"
            case .rules: "Rules"
            case .commit: "Commit"
            }
        }

        init?(_ key: JSONKey) {
            guard let field = Field.allCases.first(where: { key.matchesIgnoringCaseAndUnderscore($0.name) }) else { return nil }
            self = field
        }
    }

    /// Reads a payload. Keys match without regard to case and underscores, unknown ones are skipped, null counts as
    /// absent. `Version` and `ChainID` must be there; every string and array is bounded
    /// (`NetworkLimits`) and holds no control character.
    public init(decoding payload: [UInt8]) throws(Violation) {
        do throws(Violation) {
            self = try payload.withBytes { bytes throws(Violation) in try Handshake(reading: bytes) }
        } catch {
            throw error.inPayload(of: .handshake)
        }
    }

    private init(reading bytes: UnsafeRawBufferPointer) throws(Violation) {
        guard bytes.count <= NetworkLimits.maxControlPayloadBytes else {
            throw .malformedJSON(reason: "longer than \(NetworkLimits.maxControlPayloadBytes) bytes")
        }
        self.init(version: "", chainID: "", height: 0, nodeType: .full, listenAddress: "")
        var memory = KeyMemory()
        do {
            var reader = JSONReader(bytes, maxDepth: NetworkLimits.maxJSONDepth)
            try reader.beginObject()
            while let key = try reader.nextKey() {
                guard let field = Field(key) else {
                    try memory.noteUnknown(key)
                    _ = try reader.skipValue()
                    continue
                }
                try memory.note(field.rawValue, name: field.name)
                if try !reader.consumeNull() { try read(field, from: &reader) }
            }
            try reader.end()
        } catch let error as JSONError {
            throw .malformedJSON(reason: error.description)
        } catch let error as Violation {
            throw error
        } catch {
            throw .malformedJSON(reason: "unreadable")
        }
        if version.isEmpty { throw .missingKey(Field.version.name.description) }
        if chainID.isEmpty { throw .missingKey(Field.chainID.name.description) }
    }

    private mutating func read(_ field: Field, from reader: inout JSONReader) throws {
        switch field {
        case .version: version = try Handshake.text(&reader, field, maxBytes: NetworkLimits.maxVersionBytes)
        case .chainID: chainID = try Handshake.text(&reader, field, maxBytes: NetworkLimits.maxChainIDBytes)
        case .height: height = try reader.readUInt64()
        case .nodeType: nodeType = NodeType(try Handshake.text(&reader, field, maxBytes: NetworkLimits.maxNodeTypeBytes))
        case .listenAddress: listenAddress = try Handshake.text(&reader, field, maxBytes: Endpoint.maxTextByteCount)
        case .capabilities: capabilities = try Handshake.names(&reader)
        case .nodeID:
            let text = try Handshake.text(&reader, field, maxBytes: Address.textCount)
            guard text.isEmpty || Address(ByteString(text)) != nil else {
                throw Violation.wrongKind(key: "NodeID", reason: "not an address")
            }
            nodeID = text.isEmpty ? nil : text
        case .nonce:
            let text = try Handshake.text(&reader, field, maxBytes: 20)  // the digits of 2^64 - 1
            nonce = parseDecimal(text.utf8)
            guard nonce != nil || text.isEmpty else {
                throw Violation.wrongKind(key: "Nonce", reason: "not a decimal number of 64 bits")
            }
        case .rules:
            let text = try Handshake.text(&reader, field, maxBytes: 2 + 2 * Hash32.byteCount)
            rules = Hex.decodePrefixed(text.utf8).flatMap { Hash32($0) }
            guard rules != nil || text.isEmpty else {
                throw Violation.wrongKind(key: "Rules", reason: "not 0x and \(2 * Hash32.byteCount) hexadecimal digits")
            }
        case .commit:
            let text = try Handshake.text(&reader, field, maxBytes: NetworkLimits.maxVersionBytes)
            commit = text.isEmpty ? nil : text
        }
    }

    private static func text(_ reader: inout JSONReader, _ field: Field, maxBytes: Int) throws -> String {
        let bytes = try reader.readString()
        guard bytes.count <= maxBytes else {
            throw Violation.wrongKind(key: field.name.description, reason: "longer than \(maxBytes) bytes")
        }
        // These texts reach logs and terminals.
        guard bytes.bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw Violation.wrongKind(key: field.name.description, reason: "a control character")
        }
        return bytes.text
    }

    private static func names(_ reader: inout JSONReader) throws -> [String] {
        var names: [String] = []
        try reader.beginArray()
        while try reader.nextElement() {
            guard names.count < NetworkLimits.maxCapabilities else {
                throw Violation.wrongKind(key: "Capabilities", reason: "more than \(NetworkLimits.maxCapabilities) names")
            }
            names.append(try text(&reader, .capabilities, maxBytes: NetworkLimits.maxCapabilityBytes))
        }
        return names
    }

    /// The payload's bytes.
    public func encode() -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        for field in Field.allCases {
            switch field {
            case .version: Handshake.write(field, version, to: &writer)
            case .chainID: Handshake.write(field, chainID, to: &writer)
            case .height:
                Handshake.writeKey(field, to: &writer)
                writer.integer(height)
            case .nodeType: Handshake.write(field, nodeType.text, to: &writer)
            case .listenAddress: Handshake.write(field, listenAddress, to: &writer)
            case .capabilities: writeCapabilities(to: &writer)
            case .nodeID: if let nodeID { Handshake.write(field, nodeID, to: &writer) }
            case .nonce: if let nonce { Handshake.write(field, "\(nonce)", to: &writer) }
            case .rules: if let rules { Handshake.write(field, rules.prefixedHex, to: &writer) }
            case .commit: if let commit { Handshake.write(field, commit, to: &writer) }
            }
        }
        writer.raw("}")
        return writer.bytes
    }

    private func writeCapabilities(to writer: inout JSONWriter) {
        guard !capabilities.isEmpty else { return }
        Handshake.writeKey(.capabilities, to: &writer)
        writer.raw("[")
        for (index, name) in capabilities.enumerated() {
            if index > 0 { writer.raw(",") }
            writer.string(ByteString(name))
        }
        writer.raw("]")
    }

    private static func write(_ field: Field, _ text: String, to writer: inout JSONWriter) {
        writeKey(field, to: &writer)
        writer.string(ByteString(text))
    }

    private static func writeKey(_ field: Field, to writer: inout JSONWriter) {
        writer.raw(writer.bytes.isEmpty ? "{" : ",")
        writer.string(ByteString(field.name.description))
        writer.raw(":")
    }
}
