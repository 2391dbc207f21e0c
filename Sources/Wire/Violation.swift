internal import Network
internal import Primitives

/// What a peer did against the protocol. Each one closes the connection; none is thrown for what a correct peer of an
/// older or newer version may send.
public enum Violation: Error, Hashable, Sendable {
    /// A frame of length 0.
    case emptyFrame
    /// A frame longer than may be, decided from its prefix.
    case frameTooLong(byteCount: Int, limit: Int)
    /// A frame that had begun was not whole in time.
    case frameTooSlow(received: Int, byteCount: Int)
    /// The bytes are not JSON; `reason` says what and where.
    case malformedJSON(reason: String)
    /// Arrays and objects nested deeper than `NetworkLimits.maxJSONDepth`.
    case nestedTooDeep
    /// Bytes after the end of the JSON value.
    case trailingBytes(offset: Int)
    /// A key that stands twice in one object.
    case repeatedKey(String)
    /// More keys than are worth remembering that this version does not know.
    case tooManyUnknownKeys
    /// A value of another kind than the key demands, or out of its range.
    case wrongKind(key: String, reason: String)
    /// A key without which the message has no meaning.
    case missingKey(String)
    /// The envelope's payload is not padded standard base64.
    case badBase64(reason: String)
    /// The envelope's payload is an object, as the published Go nodes send it: another dialect, not an error in itself.
    case payloadIsObject
    /// The envelope's signature is no signature, or belongs to nobody.
    case badSignature(reason: String)
    /// The envelope is signed by another key than the one that the handshake named.
    case foreignSignature(expected: String, found: String)
    /// The payload is not what its type demands.
    case badPayload(type: MessageType, reason: String)

    /// The word for metric labels: one for each case, never text of the peer.
    public var name: String {
        switch self {
        case .emptyFrame: "empty_frame"
        case .frameTooLong: "frame_too_long"
        case .frameTooSlow: "frame_too_slow"
        case .malformedJSON: "malformed_json"
        case .nestedTooDeep: "nested_too_deep"
        case .trailingBytes: "trailing_bytes"
        case .repeatedKey: "repeated_key"
        case .tooManyUnknownKeys: "too_many_unknown_keys"
        case .wrongKind: "wrong_kind"
        case .missingKey: "missing_key"
        case .badBase64: "bad_base64"
        case .payloadIsObject: "payload_is_object"
        case .badSignature: "bad_signature"
        case .foreignSignature: "foreign_signature"
        case .badPayload: "bad_payload"
        }
    }
}

extension Violation {
    /// Holds a signature to the identity that the sender named. What is unsigned passes, and so does what nobody was named for.
    static func check(signer: Address?, expected: Address?) throws(Violation) {
        guard let signer, let expected, signer != expected else { return }
        throw .foreignSignature(expected: expected.description, found: signer.description)
    }
}

extension Violation: CustomStringConvertible {
    public var description: String {
        switch self {
        case .emptyFrame: "sent a frame of length 0"
        case .frameTooLong(let count, let limit): "announced a frame of \(count) bytes; at most \(limit) are allowed"
        case .frameTooSlow(let received, let count): "sent only \(received) of the \(count) bytes of a frame in time"
        case .malformedJSON(let reason): "sent malformed JSON: \(reason)"
        case .nestedTooDeep: "nested JSON deeper than \(NetworkLimits.maxJSONDepth)"
        case .trailingBytes(let offset): "sent bytes after the JSON value, from offset \(offset)"
        case .repeatedKey(let key): "sent the key \"\(key)\" twice in one object"
        case .tooManyUnknownKeys: "sent an object with more than \(NetworkLimits.maxUnknownKeys) unknown keys"
        case .wrongKind(let key, let reason): "sent a wrong value for \"\(key)\": \(reason)"
        case .missingKey(let key): "sent no \"\(key)\""
        case .badBase64(let reason): "sent a payload that is not base64: \(reason)"
        case .payloadIsObject: "sent its payload as an object: it speaks the dialect of the published Go node"
        case .badSignature(let reason): "signed a message badly: \(reason)"
        case .foreignSignature(let expected, let found): "signed a message with the key of \(found) instead of its own, \(expected)"
        case .badPayload(let type, let reason): "sent a bad \(type) payload: \(reason)"
        }
    }
}
