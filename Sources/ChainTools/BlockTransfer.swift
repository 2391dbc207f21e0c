public import Ledger

/// How far an import, an export or a check has come.
public struct TransferProgress: Sendable {
    /// Blocks written (import, export) or checked so far.
    public var blocks = 0
    /// Blocks of the file that the chain had already.
    public var skipped = 0
    /// The height reached.
    public var height: UInt64 = 0
    /// Of all there is to do, between 0 and 1.
    public var fraction = 0.0
    /// Since the start.
    public var seconds = 0.0

    /// Blocks each second, on average.
    public var blocksPerSecond: Double { seconds > 0 ? Double(blocks) / seconds : 0 }

    /// Seconds to go at the average speed, `nil` before there is one.
    public var remainingSeconds: Double? { fraction > 0 ? seconds * (1 - fraction) / fraction : nil }
}

/// How an import, an export or a check ended: what the closing JSON line says (`operations.md`, "Files of blocks").
public struct TransferOutcome: Sendable {
    /// The newest block.
    public var head: Head
    public var blocks: Int
    public var skipped: Int
    public var seconds: Double
    /// What stopped it early; `nil` when it went to the end.
    public var fault: TransferFault?
}

/// The first block that is not right.
public struct TransferFault: Error, Hashable, Sendable {
    /// The line of the file, from 1 on; `nil` for a block of a store.
    public var line: Int?
    /// The height that the block says it has, when it can be read.
    public var height: UInt64?
    public var reason: String

    public init(line: Int? = nil, height: UInt64? = nil, reason: String) {
        self.line = line
        self.height = height
        self.reason = reason
    }
}

extension TransferFault: CustomStringConvertible {
    public var description: String {
        let places = [line.map { "line \($0)" }, height.map { "height \($0)" }].compactMap { $0 }
        return places.isEmpty ? reason : "\(places.joined(separator: ", ")): \(reason)"
    }
}
