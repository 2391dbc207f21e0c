internal import Ledger
public import Primitives
public import Storage

/// Writes the blocks of a store to a file, one block's canonical JSON a line, gzip when its name ends in `.gz`.
public struct BlockExporter {
    /// Blocks between two calls of `progress`.
    private static let blocksPerReport: UInt64 = 100

    private let reader: StoreReader
    private let now: () -> Moment

    public init(reader: StoreReader, now: @escaping () -> Moment) {
        self.reader = reader
        self.now = now
    }

    /// Exports the blocks from `first` to the tip of one snapshot, so that they are one chain even while a node writes.
    ///
    /// The snapshot is open until the end: in the process of a live node that would hold back the growth of its map. Run it in a
    /// process that has the store open `readOnly`.
    ///
    /// - Throws: `BlockFileError`, `StoreError`, `TransferFault` when the store is empty.
    public func run(
        to path: String, from first: UInt64 = 0, progress report: (TransferProgress) -> Void = { _ in }
    ) throws -> TransferOutcome {
        let started = now().uptime
        let file = try BlockFileWriter(path: path)
        var progress = TransferProgress()
        let tip = try reader.read { snapshot in
            guard let tip = try snapshot.tip() else { throw TransferFault(reason: "the store holds no block") }
            var height = first
            while height <= tip.height {
                guard let block = try snapshot.block(atHeight: height) else {
                    throw TransferFault(height: height, reason: "the store has no such block below its tip")
                }
                try file.write(block)
                progress.blocks += 1
                progress.height = height
                height += 1
                if height % BlockExporter.blocksPerReport == 0 {
                    progress.seconds = Double(now().uptime - started) / 1e9
                    progress.fraction = Double(progress.blocks) / Double(tip.height - first + 1)
                    report(progress)
                }
            }
            return tip
        }
        try file.finish()
        return TransferOutcome(
            tip: tip, blocks: progress.blocks, skipped: 0, seconds: Double(now().uptime - started) / 1e9, fault: nil)
    }
}
