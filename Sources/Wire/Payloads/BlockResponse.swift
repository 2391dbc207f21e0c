internal import Network
internal import Primitives

/// The payload of type 4, cut into its blocks without reading them (`protocol.md`, "Messages").
public enum BlockResponse: Hashable, Sendable {
    /// The answer to a single height that the sender does not have.
    case unknown
    /// The answer to a single height: the whole payload is the block's JSON.
    case block
    /// The answer to a range: where in the payload each block's JSON stands, in the order sent, at most
    /// `NetworkLimits.maxResponseBlocks`. Empty when the sender has none.
    case blocks([Range<Int>])

    /// Looks at a payload. About 2 GB/s; the blocks are validated by whoever decodes them.
    public init(decoding payload: [UInt8]) throws(Violation) {
        guard let first = payload.first(where: { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }) else {
            self = .unknown
            return
        }
        if first == UInt8(ascii: "{") {
            self = .block
            return
        }
        self = .blocks(try splitPayload(payload, type: .blockResponse, limit: NetworkLimits.maxResponseBlocks))
    }

    /// The answer to a range: as long a prefix of `blocks` (each one's JSON) as fits into `maxPayloadBytes` and
    /// `NetworkLimits.maxResponseBlocks`, and how many that are.
    public static func encode(
        _ blocks: some Sequence<[UInt8]>, maxPayloadBytes: Int = FrameEncoder.maxPayloadBytes()
    ) -> (payload: [UInt8], count: Int) {
        encodeArray(blocks, maxCount: NetworkLimits.maxResponseBlocks, maxPayloadBytes: maxPayloadBytes)
    }
}

/// The payload of type 7 (`docs/protocol.md`, "TransactionBatch").
public enum TransactionBatch {
    /// Where in the payload each transaction's JSON stands, in order.
    public static func split(_ payload: [UInt8]) throws(Violation) -> [Range<Int>] {
        try splitPayload(payload, type: .transactionBatch, limit: NetworkLimits.maxBatchTransactions)
    }

    /// As many of `transactions` (each one's JSON), from the first on, as fit into one message, and how many that are.
    public static func encode(
        _ transactions: some Sequence<[UInt8]>, maxPayloadBytes: Int = FrameEncoder.maxPayloadBytes()
    ) -> (payload: [UInt8], count: Int) {
        encodeArray(transactions, maxCount: NetworkLimits.maxBatchTransactions, maxPayloadBytes: maxPayloadBytes)
    }
}

private func splitPayload(_ payload: [UInt8], type: MessageType, limit: Int) throws(Violation) -> [Range<Int>] {
    do {
        return try payload.withBytes { bytes throws(ArraySplitter.Fault) in try ArraySplitter.split(bytes, limit: limit) }
    } catch {
        throw .badPayload(type: type, reason: error.reason)
    }
}

private func encodeArray(_ elements: some Sequence<[UInt8]>, maxCount: Int, maxPayloadBytes: Int) -> (payload: [UInt8], count: Int) {
    var chosen: [[UInt8]] = []
    var total = 2  // the brackets
    for element in elements.lazy.prefix(maxCount) {
        let grown = total + element.count + (chosen.isEmpty ? 0 : 1)
        if grown > maxPayloadBytes { break }
        total = grown
        chosen.append(element)
    }
    var payload: [UInt8] = []
    payload.reserveCapacity(total)
    payload.append(UInt8(ascii: "["))
    for (index, element) in chosen.enumerated() {
        if index > 0 { payload.append(UInt8(ascii: ",")) }
        payload.append(contentsOf: element)
    }
    payload.append(UInt8(ascii: "]"))
    return (payload, chosen.count)
}
