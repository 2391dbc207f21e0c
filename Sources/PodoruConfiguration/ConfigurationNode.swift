internal import Primitives

/// A value as it was written, in the file or in the environment.
struct ConfigurationNode {
    enum Content {
        /// Nothing, `~` or `null`.
        case null
        /// Text; a quoted one is never a number or a bool.
        case scalar(String, isQuoted: Bool)
        case list([ConfigurationNode])
        case mapping([(key: ConfigurationNode, value: ConfigurationNode)])
    }

    var content: Content
    var position: ConfigurationPosition

    /// What it is, for a message.
    var kindText: String {
        switch content {
        case .null: "nothing"
        case .scalar(let text, let isQuoted): isQuoted ? "text in quotes" : "'\(shortened(text))'"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A place inside one source: line and column from 1, or the whole of an environment variable.
enum ConfigurationPosition: Hashable, Sendable {
    case mark(line: Int, column: Int)
    case variable(String)

    func place(inFile name: String) -> ConfigurationError.Place {
        switch self {
        case .mark(let line, let column): .file(name, line: line, column: column)
        case .variable(let variable): .environment(variable)
        }
    }
}

extension ConfigurationPosition: Comparable {
    /// The order in which a person goes through them: the file from its beginning, then the variables by name.
    static func < (left: ConfigurationPosition, right: ConfigurationPosition) -> Bool {
        switch (left, right) {
        case (.mark(let line, let column), .mark(let otherLine, let otherColumn)): (line, column) < (otherLine, otherColumn)
        case (.variable(let name), .variable(let otherName)): name < otherName
        case (.mark, .variable): true
        case (.variable, .mark): false
        }
    }
}

/// A mistake before it is known in which file.
struct ConfigurationProblem: Error {
    var position: ConfigurationPosition
    var reason: String
    var remedy: String
}

/// What is wrong with a text, without its place.
struct ConfigurationComplaint: Error {
    var reason: String
    /// What to write instead, as an order.
    var remedy: String

    init(_ reason: String, remedy: String) {
        self.reason = reason
        self.remedy = remedy
    }
}

/// Foreign text inside a message: cut to a readable length, without control characters and without what could be a private key.
func shortened(_ text: String) -> String {
    let longest = 60
    let visible = String(Redaction.value(text).unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? "\u{fffd}" : Character($0) })
    return visible.count <= longest ? visible : visible.prefix(longest) + "…"
}
