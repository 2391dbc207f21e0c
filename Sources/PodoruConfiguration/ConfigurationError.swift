internal import Primitives

/// One mistake, at the place where a person corrects it.
public struct ConfigurationError: Error, Hashable, Sendable {
    /// Where the mistaken value comes from.
    public enum Place: Hashable, Sendable {
        /// A file, with line and column counted from 1; the column counts characters.
        case file(String, line: Int, column: Int)
        /// An environment variable.
        case environment(String)
        /// Nowhere: the default counts, and this file is where another value would stand.
        case unset(inFile: String)
    }

    public let place: Place
    /// What is wrong.
    public let reason: String
    /// What to do about it.
    public let remedy: String
}

extension ConfigurationError: CustomStringConvertible {
    /// `node.yaml:3:12: reason; remedy`, as compilers print and editors read it, or `PODORU_MAX_PEERS: reason; remedy`.
    public var description: String { "\(place): \(reason); \(remedy)" }
}

extension ConfigurationError.Place: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let name, let line, let column): "\(Redaction.value(name)):\(line):\(column)"
        case .environment(let variable): Redaction.value(variable)
        case .unset(let name): Redaction.value(name)
        }
    }
}

/// Why there is no configuration.
public enum ConfigurationFailure: Error, Hashable, Sendable {
    /// The file could not be read; `code` is the errno.
    case unreadable(path: String, code: Int32, reason: String)
    /// Every mistake that was found, those of the file by line and column, then those of the environment. Never empty.
    case invalid([ConfigurationError])
}

extension ConfigurationFailure: CustomStringConvertible {
    /// One line a mistake.
    public var description: String {
        switch self {
        case .unreadable(let path, let code, let reason):
            "\(Redaction.value(path)): cannot be read: \(reason); \(NodeConfiguration.remedy(forReadError: code))"
        case .invalid(let errors): errors.map(\.description).joined(separator: "\n")
        }
    }
}
