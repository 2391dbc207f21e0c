public import Network
internal import Primitives

/// The payload of type 5: empty asks, a JSON array of `"host:port"` answers (`protocol.md`, "Messages").
public enum PeerList: Hashable, Sendable {
    case request
    /// The endpoints that can be dialled, in the order sent. Strings that are none (a broken address, port 0, a
    /// wildcard) are left out and counted in `skipped`: a correct peer may relay what it was told.
    case answer([Endpoint], skipped: Int)

    /// Reads a payload. More than `NetworkLimits.maxPeerListCount` entries, or an entry that is no string, are a
    /// violation; `null` is an empty answer, as Go writes a nil slice.
    public init(decoding payload: [UInt8]) throws(Violation) {
        if payload.isEmpty {
            self = .request
            return
        }
        do throws(JSONError) {
            self = try payload.withBytes { bytes throws(JSONError) in try PeerList.read(bytes) }
        } catch {
            throw .badPayload(type: .peerList, reason: error.description)
        }
        if case .answer(let endpoints, let skipped) = self, endpoints.count + skipped > NetworkLimits.maxPeerListCount {
            throw .badPayload(type: .peerList, reason: "more than \(NetworkLimits.maxPeerListCount) entries")
        }
    }

    /// Stops reading one entry after the limit, which tells the caller that it is passed.
    private static func read(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> PeerList {
        var reader = JSONReader(bytes, maxDepth: NetworkLimits.maxJSONDepth)
        var endpoints: [Endpoint] = []
        var skipped = 0
        if try !reader.consumeNull() {
            try reader.beginArray()
            while try reader.nextElement() {
                let text = try reader.readString()
                if let endpoint = Endpoint(utf8: text.bytes), endpoint.isDialable {
                    endpoints.append(endpoint)
                } else {
                    skipped += 1
                }
                if endpoints.count + skipped > NetworkLimits.maxPeerListCount { return .answer(endpoints, skipped: skipped) }
            }
        }
        try reader.end()
        return .answer(endpoints, skipped: skipped)
    }

    /// The payload of an answer: the first `NetworkLimits.maxPeerListCount` of `endpoints`. That of a request is empty.
    public static func encode(_ endpoints: some Sequence<Endpoint>) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.raw("[")
        for (index, endpoint) in endpoints.prefix(NetworkLimits.maxPeerListCount).enumerated() {
            if index > 0 { writer.raw(",") }
            writer.string(ByteString(endpoint.description))
        }
        writer.raw("]")
        return writer.bytes
    }
}
