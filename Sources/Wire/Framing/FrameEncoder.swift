public import Network
public import Primitives

/// A message that cannot be sent because its frame would pass the limit.
public struct FrameTooLong: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the frame would have, or its payload alone when that is too long already.
    public var byteCount: Int
    public var limit: Int

    public var description: String { "a frame of \(byteCount) bytes would be over the limit of \(limit)" }
}

/// Makes whole frames: the prefix and the envelope in one array, allocated once. A frame is the same for every
/// receiver, so one that is relayed to many is made once and shared.
public enum FrameEncoder {
    /// The bytes of a frame around its payload's base64, at most: the keys, the longest type, timestamp and signature.
    static let maxOverheadBytes = 256

    /// The longest payload whose frame is sure to fit into `maxFrameBytes`, in bytes.
    public static func maxPayloadBytes(maxFrameBytes: Int = NetworkLimits.maxFrameBytes) -> Int {
        max(0, maxFrameBytes - maxOverheadBytes) / 4 * 3
    }

    /// The frame of a message. `timestamp` is in unix seconds. With a `signer` the envelope is signed, which costs a
    /// signature, about 30 µs; a relayed block or transaction carries its own and goes unsigned.
    public static func frame(
        type: MessageType, payload: [UInt8], timestamp: Int64, signer: PrivateKey? = nil,
        maxFrameBytes: Int = NetworkLimits.maxFrameBytes
    ) throws(FrameTooLong) -> [UInt8] {
        // Refused before any work when the payload alone is too long.
        guard Base64.encodedCount(payload.count) <= maxFrameBytes else {
            throw FrameTooLong(byteCount: Base64.encodedCount(payload.count), limit: maxFrameBytes)
        }
        let signature = signer.map { key in
            Hex.encodePrefixed(key.sign(Envelope.digest(type: type, payload: payload, timestamp: timestamp)).bytes)
        }
        // The exact length is known when the frame is written; the room is taken from the greatest overhead.
        var writer = JSONWriter(capacity: NetworkLimits.prefixBytes + Base64.encodedCount(payload.count) + maxOverheadBytes)
        writer.raw([0, 0, 0, 0])
        writer.raw("{\"type\":")
        writer.integer(type.rawValue)
        writer.raw(",\"payload\":")
        writer.base64(payload)
        writer.raw(",\"timestamp\":")
        writer.integer(timestamp)
        if let signature {
            writer.raw(",\"signature\":\"")
            writer.raw(signature)
            writer.raw("\"")
        }
        writer.raw("}")
        let count = writer.bytes.count - NetworkLimits.prefixBytes
        guard count <= maxFrameBytes, let length = UInt32(exactly: count) else {
            throw FrameTooLong(byteCount: count, limit: maxFrameBytes)
        }
        writer.bytes.withUnsafeMutableBytes { $0.storeBytes(of: length.bigEndian, as: UInt32.self) }
        return writer.bytes
    }
}
