/// One mistake, at the place where a person corrects it.
public struct ConfigurationError: Error, Hashable, Sendable {
    /// Where the mistaken value comes from.
    public enum Place: Hashable, Sendable {
        /// A file, with line and column counted from 1; the column counts characters.
        case file(String, line: Int, column: Int)
        /// An environment variable.
        case environment(String)
    }

    public let place: Place
    /// What is wrong and what to write instead.
    public let message: String
}

extension ConfigurationError: CustomStringConvertible {
    /// `node.yaml:3:12: message`, as compilers print and editors read it, or `PODORU_MAX_PEERS: message`.
    public var description: String {
        switch place {
        case .file(let name, let line, let column): "\(name):\(line):\(column): \(message)"
        case .environment(let variable): "\(variable): \(message)"
        }
    }
}

/// Why there is no configuration.
public enum ConfigurationFailure: Error, Hashable, Sendable {
    /// The file could not be read; `code` is the errno.
    case unreadable(path: String, code: Int32, reason: String)
    /// Every mistake that was found, those of the file in its order first. Never empty.
    case invalid([ConfigurationError])
}

extension ConfigurationFailure: CustomStringConvertible {
    /// One line a mistake.
    public var description: String {
        switch self {
        case .unreadable(let path, _, let reason): "\(path): cannot be read: \(reason)"
        case .invalid(let errors): errors.map(\.description).joined(separator: "\n")
        }
    }
}
