internal import ArgumentParser
internal import NodeLogging
internal import Platform
internal import Primitives
internal import SystemPackage
package import WholeFiles

/// The exit codes of the command: those of sysexits(3), so that a service manager can tell them apart (`operations.md`, "Exit codes").
package enum SystemExit: Int32 {
    /// The command line is wrong.
    case usage = 64
    /// The input is there and wrong: a genesis, a key, a block.
    case badData = 65
    /// The input is not there.
    case noInput = 66
    /// The address or port is taken.
    case unavailable = 69
    /// A fault of ours or of the system.
    case internalError = 70
    /// An output cannot be made.
    case cannotCreate = 73
    /// Reading or writing failed.
    case inputOutput = 74
    /// A file's permissions or owner forbid it.
    case permission = 77
    /// The configuration is wrong.
    case configuration = 78
}

/// Why a command failed, for a person, and the code that it ends with.
package struct CommandFailure: Error, CustomStringConvertible {
    let exit: SystemExit
    /// What failed, where, and what to do. May have several lines.
    package let description: String
    /// Whether each line begins with its place, as in `node.yaml:3:1:`, to which editors jump.
    let beginsWithPlace: Bool

    package init(_ exit: SystemExit, _ description: String, beginsWithPlace: Bool = false) {
        self.exit = exit
        self.description = CommandFailure.quotingExits.contains(exit) ? Redaction.sentence(description) : description
        self.beginsWithPlace = beginsWithPlace
    }

    /// Those whose sentences quote arguments and paths, and never hashes that were computed.
    private static let quotingExits: [SystemExit] = [.usage, .noInput, .cannotCreate, .permission]

    package init(_ error: FileError) {
        self.init(SystemExit(error.kind), error.description)
    }

    /// Says it on standard error and ends with the code.
    package func end() -> Never {
        StandardError.say(beginsWithPlace ? description : "podoru: \(description)", .error)
        ThisProcess.exit(exit.rawValue)
    }
}

/// What is said beside the answer.
package enum StandardError {
    /// How pressing a line is to syslog(3), which systemd's journal reads from `<N>` before it.
    package enum Priority: Int {
        case error = 3
        case warning = 4
    }

    package static func say(_ text: String) { put(text + "\n") }

    /// Says what an operator looks for in the journal, where that listens: each line with its priority. To anybody else it is plain text.
    package static func say(_ text: String, _ priority: Priority) {
        guard JournalStream.isBehind(FileDescriptor.standardError.rawValue) else { return say(text) }
        put(text.split(separator: "\n").map { "<\(priority.rawValue)>\($0)\n" }.joined())
    }

    /// Without a line end.
    package static func put(_ text: String) {
        try? FileDescriptor.standardError.writeWhole(Array(text.utf8))
    }

    /// Whether a person watches.
    package static var isTerminal: Bool { FileDescriptor.standardError.isTerminal }
}

extension SystemExit {
    package init(_ kind: FileError.Kind) {
        self =
            switch kind {
            case .missing: .noInput
            case .permission: .permission
            case .cannotCreate: .cannotCreate
            case .notAFile, .tooLarge, .malformed: .badData
            case .failed: .inputOutput
            }
    }

    /// The code for a file that could not be read, by the system's error number.
    package init(readError code: Int32) {
        switch Errno(rawValue: code) {
        case .noSuchFileOrDirectory, .notDirectory: self = .noInput
        case .permissionDenied, .notPermitted: self = .permission
        default: self = .inputOutput
        }
    }
}
