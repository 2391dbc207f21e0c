internal import Ledger
public import Primitives
public import Storage
public import WholeFiles

/// Why a store has nothing to export.
public struct NothingToExport: Error, CustomStringConvertible {
    public let description: String
}

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

    /// Exports the blocks from `first` to the head of one snapshot, so that they are one chain even while a node writes.
    ///
    /// The snapshot is open until the end: in the process of a live node that would hold back the growth of its map. Run it in a
    /// process that has the store open `readOnly`.
    ///
    /// Nothing is made at `path` unless there is a block to write.
    ///
    /// - Throws: `FileError`, `StoreError`, `NothingToExport`, `TransferFault` when the store is damaged.
    public func run(
        to path: String, from first: UInt64 = 0, existing: OutputFile.Existing = .refused,
        progress report: (TransferProgress) -> Void = { _ in }
    ) throws -> TransferOutcome {
        let started = now().uptime
        var progress = TransferProgress()
        let head = try reader.read { snapshot in
            guard let head = try snapshot.head() else { throw NothingToExport(description: "the store holds no block") }
            guard first <= head.height else {
                throw NothingToExport(description: "its newest block has height \(head.height): there is none from \(first) on")
            }
            let file = try BlockFileWriter(path: path, existing: existing)
            var height = first
            while height <= head.height {
                guard let block = try snapshot.block(atHeight: height) else {
                    throw TransferFault(height: height, reason: "the store has no such block below its tip")
                }
                try file.write(block)
                progress.blocks += 1
                progress.height = height
                height += 1
                if height % BlockExporter.blocksPerReport == 0 {
                    progress.seconds = Double(now().uptime - started) / 1e9
                    progress.fraction = Double(progress.blocks) / Double(head.height - first + 1)
                    report(progress)
                }
            }
            try file.finish()
            return head
        }
        return TransferOutcome(
            head: head, blocks: progress.blocks, skipped: 0, seconds: Double(now().uptime - started) / 1e9, fault: nil)
    }
}
