internal import Dispatch
internal import EventLoop
package import Network
internal import Primitives
package import Storage
internal import Synchronization
internal import Wire

// What is read beside the writer.
extension ChainWorker {
    /// For reads beside the writer; `nil` once the worker has stopped.
    package var storeReader: StoreReader? { reader.withLock { $0 } }

    /// Transactions that wait for a block.
    package var mempoolCount: Int { feed.mempool.count }

    /// Reads from a snapshot of its own, beside the writer; one request after the other, so that serving takes one core at most.
    package func readBlocks(_ range: HeightRange, isSingle: Bool, for id: PeerID) {
        guard let outputs = outputs.withLock({ $0 }) else { return }
        serving.async { [self] in
            var payload = isSingle ? [] : BlockResponse.encode([]).payload
            do {
                payload = try self.payload(of: range, isSingle: isSingle)
            } catch {
                // Answers are told apart by their order only, so a peer is told that we have none rather than nothing.
                outputs.readFailed(range, "\(error)")
            }
            let timestamp = ChainWorker.moment.unixSeconds
            outputs.answer(
                id, Dialect.podoru.encode(.blockResponse(payload), timestamp: timestamp, maxFrameBytes: maxFrameBytes))
        }
    }

    private func payload(of range: HeightRange, isSingle: Bool) throws -> [UInt8] {
        // After the end there is nothing to read from, and nobody to answer.
        guard let reader = reader.withLock({ $0 }) else { return [] }
        return try reader.read { snapshot in
            if isSingle { return try snapshot.block(atHeight: range.first) ?? [] }
            let room = FrameEncoder.maxPayloadBytes(maxFrameBytes: maxFrameBytes)
            return try snapshot.blocks(from: range.first, count: min(range.count, NetworkLimits.rangeCount), maxBytes: room).payload
        }
    }
}
