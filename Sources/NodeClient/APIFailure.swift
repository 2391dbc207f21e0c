internal import Primitives
package import Terminal

/// Why an API gave no answer that a command could use, in words that say what to do.
package enum APIFailure: Error, Hashable, Sendable {
    /// The text is no address of an API.
    case address(String, String)
    /// Nothing listens there, or the connection broke before an answer began.
    case unreachable(APIAddress, String)
    /// Somebody listens, and the answer was not there in time.
    case late(APIAddress, path: String, seconds: Int64)
    /// What came is not what an API answers.
    case badAnswer(APIAddress, path: String, String)
    /// Somebody in front of the node, or another server, answers with a failure of its own.
    case foreign(APIAddress, ForeignAnswer)
    /// The node says no, in its own words.
    case refused(status: Int, String)
}

extension APIFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .address(let text, let reason):
            "\u{201C}\(Redaction.value(text))\u{201D} is no address of an API: \(reason)"
        case .unreachable(let address, let reason):
            "no node answers at \(address): \(reason); is `api_enabled` on, and the node running?"
        case .late(let address, let path, let seconds):
            "\(address)\(Redaction.sentence(path)) gave no answer within \(seconds) s: is the node overloaded, or is it something else that listens there?"
        case .badAnswer(let address, let path, let reason):
            "\(address)\(Redaction.sentence(path)) does not answer as a node's API does: \(reason)"
        case .foreign(let address, let answer):
            "\(address) answers \(answer.text)"
        case .refused(let status, let message):
            "the node refuses (\(status)): \(message)"
        }
    }

    /// The statuses with which a node says: not now.
    private static let busyStatuses = [429, 503]

    /// The code that a command ends with.
    package var exit: SystemExit {
        switch self {
        case .address: .usage
        case .unreachable, .late, .foreign: .unavailable
        case .badAnswer: .badData
        case .refused(let status, _): APIFailure.busyStatuses.contains(status) ? .unavailable : .badData
        }
    }

    package var commandFailure: CommandFailure { CommandFailure(exit, description) }
}
