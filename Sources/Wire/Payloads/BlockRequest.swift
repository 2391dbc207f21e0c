public import Network
internal import Primitives

/// The payload of type 3: ASCII decimal `"42"`, or an inclusive range `"101-200"` (`protocol.md`, "Messages").
public enum BlockRequest: Hashable, Sendable {
    /// Answered with the block, or with nothing.
    case single(UInt64)
    /// Answered with an array, also when it is one height.
    case range(HeightRange)

    /// Two numbers of 20 digits and the dash; leading zeros beyond that are refused.
    private static let maxPayloadBytes = 41

    /// Reads a payload. A range of more than `NetworkLimits.rangeCount` heights is cut to its first ones; anything
    /// but one or two decimal numbers up to 2^64 - 1, in order, is a violation.
    public init(decoding payload: [UInt8]) throws(Violation) {
        guard payload.count <= BlockRequest.maxPayloadBytes else {
            throw .badPayload(type: .blockRequest, reason: "\(payload.count) bytes are no height and no range")
        }
        let parts = payload.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parseDecimal(parts[0]) else { throw BlockRequest.fault(payload) }
        if parts.count == 1 {
            self = .single(first)
            return
        }
        guard let last = parseDecimal(parts[1]), let range = HeightRange(first: first, last: last) else {
            throw BlockRequest.fault(payload)
        }
        self = .range(range.prefix(NetworkLimits.rangeCount))
    }

    private static func fault(_ payload: [UInt8]) -> Violation {
        .badPayload(type: .blockRequest, reason: "\"\(ByteString(payload))\" is no height and no range")
    }

    /// The payload's bytes.
    public func encode() -> [UInt8] { Array(description.utf8) }

    /// The heights asked for.
    public var range: HeightRange {
        switch self {
        case .single(let height): HeightRange(height)
        case .range(let range): range
        }
    }
}

extension BlockRequest: CustomStringConvertible {
    public var description: String {
        switch self {
        case .single(let height): "\(height)"
        case .range(let range): range.description
        }
    }
}
