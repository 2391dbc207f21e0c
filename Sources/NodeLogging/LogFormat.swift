internal import Logging
internal import Primitives

/// How a log line looks on standard error.
public enum LogFormat: String, Sendable, CaseIterable {
    /// For people: time, level, what happened, `key=value` pairs.
    case text
    /// For machines: one JSON object a line.
    case json
}

/// Turns log events into lines. A line has two parts: its body, which is the same when the same is said again, and around it the time
/// and, for the journal, the priority.
struct LogLine {
    let format: LogFormat
    /// The journal adds the time, and reads the priority in front of a line.
    let underJournald: Bool

    /// Names that the line has itself. A field of such a name gets a `_` behind it, so that no JSON object has a name twice.
    private static let reserved: Set<String> = ["time", "level", "module", "message", "repeated", "others"]

    /// What is said, without time, level in front and newline.
    func body(level: Logger.Level, label: String, message: String, metadata: Logger.Metadata) -> [UInt8] {
        let fields = metadata.sorted { $0.key < $1.key }.map { (LogLine.reserved.contains($0.key) ? $0.key + "_" : $0.key, "\($0.value)") }
        switch format {
        case .text:
            let pairs = fields.map { " \($0)=\(LogLine.word($1))" }.joined()
            return Array("\(label): \(LogLine.oneLine(message))\(pairs)".utf8)
        case .json:
            var json = JSONWriter(capacity: 256)
            json.member("level") { $0.plainString(level.rawValue) }
            json.member("module") { $0.plainString(label) }
            json.member("message") { $0.plainString(message) }
            for (name, value) in fields {
                json.separate()
                json.plainString(name)
                json.raw(":")
                json.plainString(value)
            }
            return json.bytes
        }
    }

    /// The whole line, newline included.
    func render(_ output: RepeatFilter.Output, unixMilliseconds: Int64) -> [UInt8] {
        let level = output.line.level
        var fields: [(String, Int)] = []
        if output.repeated > 0 { fields.append(("repeated", output.repeated)) }
        if output.also > 0 { fields.append(("others", output.also)) }
        let priority = underJournald ? "<\(level.syslogPriority)>" : ""
        let (head, tail): (String, String)
        switch format {
        case .text:
            head = underJournald ? "" : "\(LogLine.timestamp(unixMilliseconds)) \(level.paddedName) "
            tail = fields.map { " \($0)=\($1)" }.joined() + "\n"
        case .json:
            head = underJournald ? "{" : "{\"time\":\"\(LogLine.timestamp(unixMilliseconds))\","
            tail = fields.map { ",\"\($0)\":\"\($1)\"" }.joined() + "}\n"
        }
        return Array((priority + head).utf8) + output.line.body + Array(tail.utf8)
    }

    /// A value in a text line: in quotes where it is not one word.
    private static func word(_ value: String) -> String {
        let text = oneLine(value)
        guard text.isEmpty || text.contains(" ") else { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// RFC 3339 in UTC with milliseconds.
    static func timestamp(_ unixMilliseconds: Int64) -> String {
        let milliseconds = unixMilliseconds % 1000
        let fraction = milliseconds < 10 ? "00\(milliseconds)" : milliseconds < 100 ? "0\(milliseconds)" : "\(milliseconds)"
        return "\(CalendarTime.text(unixSeconds: unixMilliseconds / 1000).dropLast()).\(fraction)Z"
    }

    /// What came from outside may hold control characters and line separators: a line stays one line and a terminal stays unharmed.
    static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: breaksLines) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { breaksLines($0) ? "?" : $0 }))
    }

    private static func breaksLines(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) || (0x2028...0x2029).contains(scalar.value)
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
