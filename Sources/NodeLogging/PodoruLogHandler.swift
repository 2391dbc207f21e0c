public import Logging
internal import Synchronization

/// The level of the whole process, changed at run time by a reload.
public final class LogLevel: Sendable {
    private let level: Atomic<Int>

    public init(_ initial: Logger.Level) {
        level = Atomic(LogLevel.order(initial))
    }

    /// The level now in force. Costs one relaxed load.
    public var current: Logger.Level {
        get { Logger.Level.allCases[level.load(ordering: .relaxed)] }
        set { level.store(LogLevel.order(newValue), ordering: .relaxed) }
    }

    private static func order(_ level: Logger.Level) -> Int {
        Logger.Level.allCases.firstIndex(of: level) ?? 0
    }
}

/// swift-log's backend of the node: standard error, one line a fact, text or JSON.
public struct PodoruLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let writer: LogWriter
    private let level: LogLevel

    public init(label: String, level: LogLevel, writer: LogWriter) {
        self.label = label
        self.level = level
        self.writer = writer
    }

    public var logLevel: Logger.Level {
        get { level.current }
        set { level.current = newValue }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        if let extra = event.metadata { all.merge(extra) { _, new in new } }
        writer.log(level: event.level, label: label, message: event.message.description, metadata: all)
    }
}
