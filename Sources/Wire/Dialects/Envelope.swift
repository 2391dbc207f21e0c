internal import Network
public import Primitives

/// The envelope of one frame, decoded: `{"type":…,"payload":"…","timestamp":…,"signature":"0x…"}`
/// (`protocol.md`, "Envelope").
///
/// Keys match exactly, in any order. An absent, null or empty payload is empty; an absent timestamp is 0; an absent or
/// empty signature is none. Unknown keys are skipped. What else may be wrong is a `Violation`.
public struct Envelope: Sendable {
    /// As on the wire; types that this version does not know are to be ignored and counted.
    public var type: UInt64
    public var payload: [UInt8]
    /// Unix seconds, as the sender says.
    public var timestamp: Int64
    /// 65 bytes; well formed only as far as its length. See `verify`.
    public var signature: [UInt8]?
    /// The length of the frame without its prefix, for the counters.
    public var frameByteCount: Int

    /// The type, if this version knows it.
    public var known: MessageType? { UInt8(exactly: type).flatMap(MessageType.init(rawValue:)) }

    public init(type: UInt64, payload: [UInt8], timestamp: Int64, signature: [UInt8]? = nil, frameByteCount: Int = 0) {
        self.type = type
        self.payload = payload
        self.timestamp = timestamp
        self.signature = signature
        self.frameByteCount = frameByteCount
    }

    private enum Key: Int {
        case type, payload, timestamp, signature

        init?(_ key: JSONKey) {
            if key.equals("type") {
                self = .type
            } else if key.equals("payload") {
                self = .payload
            } else if key.equals("timestamp") {
                self = .timestamp
            } else if key.equals("signature") {
                self = .signature
            } else {
                return nil
            }
        }

        var name: StaticString {
            switch self {
            case .type: "type"
            case .payload: "payload"
            case .timestamp: "timestamp"
            case .signature: "signature"
            }
        }
    }

    /// Decodes a frame. One pass over its bytes and one allocation, for the payload.
    public init(decoding frame: UnsafeRawBufferPointer) throws(Violation) {
        self.init(type: 0, payload: [], timestamp: 0, frameByteCount: frame.count)
        var reader = JSONReader(frame, maxDepth: NetworkLimits.maxJSONDepth)
        var memory = KeyMemory()
        var reading: StaticString = "envelope"
        do {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                guard let known = Key(key) else {
                    try memory.noteUnknown(key)
                    _ = try reader.skipValue()
                    continue
                }
                reading = known.name
                try memory.note(known.rawValue, name: known.name)
                try read(known, from: &reader)
                reading = "envelope"
            }
            try reader.end()
        } catch let error as Violation {
            throw error
        } catch let error as JSONError {
            throw Violation(error, key: reading)
        } catch {
            throw .malformedJSON(reason: "unreadable")
        }
        guard memory.has(Key.type.rawValue) else { throw .missingKey("type") }
    }

    private mutating func read(_ key: Key, from reader: inout JSONReader) throws {
        switch key {
        case .type: type = try reader.readUInt64()
        case .timestamp: timestamp = try reader.readInt64()
        case .signature: signature = try Envelope.readSignature(&reader)
        case .payload:
            switch try reader.peek() {
            case .object: throw Violation.payloadIsObject
            case .null: _ = try reader.consumeNull()
            default: payload = try reader.readBase64Strict()
            }
        }
    }

    private static func readSignature(_ reader: inout JSONReader) throws -> [UInt8]? {
        let text = try reader.readString()
        if text.isEmpty { return nil }
        guard text.count == 2 + 2 * Signature.byteCount, let bytes = Hex.decodePrefixed(text.bytes) else {
            throw Violation.badSignature(reason: "not 0x and \(2 * Signature.byteCount) hexadecimal digits")
        }
        return bytes
    }
}

// MARK: - Signatures

extension Envelope {
    /// Whose key signed a message of known type; `nil` when it is unsigned. Costs a key recovery, about 40 µs, when signed.
    public func signer() throws(Violation) -> Address? {
        guard let signature else { return nil }
        guard let type = known, let parsed = Signature(signature) else {
            throw .badSignature(reason: "not \(Signature.byteCount) bytes for a known type")
        }
        do {
            return try parsed.recoverAddress(Envelope.digest(type: type, payload: payload, timestamp: timestamp))
        } catch {
            throw .badSignature(reason: error.description)
        }
    }

    /// Checks the signature of a message of known type: it must recover to a key, and to `expected` when the sender's
    /// handshake named one. An unsigned message passes. Costs as much as `signer`.
    public func verify(expected: Address?) throws(Violation) {
        try Violation.check(signer: try signer(), expected: expected)
    }

    /// What the sender signs: SHA-256(type byte ‖ payload ‖ timestamp as 8 bytes big-endian).
    public static func digest(type: MessageType, payload: [UInt8], timestamp: Int64) -> Hash32 {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1 + payload.count + 8)
        bytes.append(type.rawValue)
        bytes.append(contentsOf: payload)
        withUnsafeBytes(of: timestamp.bigEndian) { bytes.append(contentsOf: $0) }
        return SHA256.hash(bytes)
    }
}
