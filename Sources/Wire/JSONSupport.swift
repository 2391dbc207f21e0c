internal import Network
internal import Primitives

/// What the envelope and the payloads share in reading their JSON.

/// The keys of one object that were read, to find a repeated one.
struct KeyMemory {
    private var known: UInt32 = 0
    private var unknown: Set<ByteString> = []

    /// Notes the known key with this index (0…31).
    mutating func note(_ index: Int, name: StaticString) throws(Violation) {
        let bit = UInt32(1) << UInt32(index)
        if known & bit != 0 { throw .repeatedKey(name.description) }
        known |= bit
    }

    /// Whether the known key with this index was noted.
    func has(_ index: Int) -> Bool { known >> UInt32(index) & 1 != 0 }

    /// Notes a key that this version does not know.
    mutating func noteUnknown(_ key: JSONKey) throws(Violation) {
        if unknown.count == NetworkLimits.maxUnknownKeys { throw .tooManyUnknownKeys }
        let bytes = key.bytes
        if !unknown.insert(bytes).inserted { throw .repeatedKey(String(bytes.text.prefix(64))) }
    }
}

extension Violation {
    /// The violation that a fault of the envelope's JSON is, found while `key` was read.
    init(_ error: JSONError, key: StaticString) {
        switch error {
        case .syntax(.trailingBytes, let offset): self = .trailingBytes(offset: offset)
        case .syntax: self = .malformedJSON(reason: error.description)
        case .tooDeep: self = .nestedTooDeep
        case .wrongKind, .notAnInteger: self = .wrongKind(key: key.description, reason: error.description)
        case .badBase64(let error, _): self = .badBase64(reason: error.description)
        }
    }

    /// The same fault inside the payload of `type`.
    func inPayload(of type: MessageType) -> Violation {
        switch self {
        case .badPayload: self
        default: .badPayload(type: type, reason: description)
        }
    }
}
