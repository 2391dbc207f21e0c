internal import Network
internal import Primitives

extension Ping {
    /// Reads the payload of a Ping or Pong (`type` says which, for the fault): `{"nonce":"<u64>","height":n}`, keys in
    /// any order, unknown ones skipped. The nonce is needed; an absent height is 0.
    public init(decoding payload: [UInt8], type: MessageType = .ping) throws(Violation) {
        do throws(Violation) {
            self = try payload.withBytes { bytes throws(Violation) in try Ping(reading: bytes) }
        } catch {
            throw error.inPayload(of: type)
        }
    }

    private init(reading bytes: UnsafeRawBufferPointer) throws(Violation) {
        guard bytes.count <= NetworkLimits.maxControlPayloadBytes else {
            throw .malformedJSON(reason: "longer than \(NetworkLimits.maxControlPayloadBytes) bytes")
        }
        var memory = KeyMemory()
        var nonce: UInt64?
        var height: UInt64 = 0
        do {
            var reader = JSONReader(bytes, maxDepth: NetworkLimits.maxJSONDepth)
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if key.equals("nonce") {
                    try memory.note(0, name: "nonce")
                    nonce = parseDecimal(try reader.readString().bytes)
                } else if key.equals("height") {
                    try memory.note(1, name: "height")
                    height = try reader.readUInt64()
                } else {
                    try memory.noteUnknown(key)
                    _ = try reader.skipValue()
                }
            }
            try reader.end()
        } catch let error as JSONError {
            throw .malformedJSON(reason: error.description)
        } catch let error as Violation {
            throw error
        } catch {
            throw .malformedJSON(reason: "unreadable")
        }
        guard let nonce else { throw .missingKey("nonce") }
        self.init(nonce: nonce, height: height)
    }

    /// The payload's bytes.
    public func encode() -> [UInt8] {
        var writer = JSONWriter(capacity: 64)
        writer.raw("{\"nonce\":\"")
        writer.integer(nonce)
        writer.raw("\",\"height\":")
        writer.integer(height)
        writer.raw("}")
        return writer.bytes
    }
}
