public import Logging
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

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
    private let line: LogLine
    private let writer: LogWriter
    private let level: LogLevel

    public init(label: String, format: LogFormat, level: LogLevel, writer: LogWriter) {
        self.label = label
        self.level = level
        self.writer = writer
        line = LogLine(format: format, underJournald: getenv("JOURNAL_STREAM") != nil)
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
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        writer.write(
            line.render(
                level: event.level, label: label, message: event.message, metadata: all,
                unixMilliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000))
    }
}
