internal import Logging

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// How a log line looks on standard error.
public enum LogFormat: String, Sendable, CaseIterable {
    /// For people: time, level, what happened, `key=value` pairs.
    case text
    /// For machines: one JSON object a line.
    case json
}

/// Turns one log event into the bytes of one line.
struct LogLine {
    let format: LogFormat
    /// Under journald the lines carry a priority prefix and no time of their own, because the journal adds it.
    let underJournald: Bool

    /// The line for an event, newline included.
    func render(
        level: Logger.Level, label: String, message: Logger.Message, metadata: Logger.Metadata, unixMilliseconds: Int64
    ) -> [UInt8] {
        switch format {
        case .text: text(level, label, message, metadata, unixMilliseconds)
        case .json: json(level, label, message, metadata, unixMilliseconds)
        }
    }

    private func text(
        _ level: Logger.Level, _ label: String, _ message: Logger.Message, _ metadata: Logger.Metadata, _ time: Int64
    ) -> [UInt8] {
        var line = ""
        if underJournald {
            line += "<\(level.syslogPriority)>"
        } else {
            line += LogLine.timestamp(time) + " " + level.paddedName + " "
        }
        line += label + ": "
        line += LogLine.oneLine(message.description)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            let text = LogLine.oneLine(value.description)
            line += text.contains(" ") ? " \(key)=\"\(text)\"" : " \(key)=\(text)"
        }
        return Array((line + "\n").utf8)
    }

    private func json(
        _ level: Logger.Level, _ label: String, _ message: Logger.Message, _ metadata: Logger.Metadata, _ time: Int64
    ) -> [UInt8] {
        var line = "{"
        if !underJournald { line += "\"time\":\"\(LogLine.timestamp(time))\"," }
        line += "\"level\":\"\(level.rawValue)\",\"module\":\(LogLine.quoted(label)),\"message\":\(LogLine.quoted(message.description))"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += ",\(LogLine.quoted(key)):\(LogLine.quoted(value.description))"
        }
        line += "}\n"
        return Array(line.utf8)
    }

    /// RFC 3339 in UTC with milliseconds.
    static func timestamp(_ unixMilliseconds: Int64) -> String {
        var seconds = time_t(unixMilliseconds / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let milliseconds = unixMilliseconds % 1000
        let fraction = milliseconds < 10 ? "00\(milliseconds)" : milliseconds < 100 ? "0\(milliseconds)" : "\(milliseconds)"
        return
            "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(fraction)Z"
    }

    /// What came from outside may hold control characters: a line stays one line and a terminal stays unharmed.
    static func oneLine(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else { return text }
        return String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? "?" : Character($0) })
    }

    /// A JSON string.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default:
                if scalar.value < 0x20 {
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }
}

extension Logger.Level {
    /// The number that syslog(3) and journald give the level.
    var syslogPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// The name, filled to the longest one so that messages line up.
    var paddedName: String {
        rawValue + String(repeating: " ", count: 8 - rawValue.count)
    }
}
