import Foundation
import TestKit
import Testing

/// A user who may not read what the test wrote: nobody, when the tests run as root; else the one that they run as.
enum OtherUser {
    /// A command that runs a command as that user.
    static let command: [String] =
        geteuid() == 0 ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []

    /// The mode of a file of ours that this user may not read.
    static let unreadable = geteuid() == 0 ? 0o600 : 0o000

    static let why: Comment = "root, without setpriv(1) or in a folder that nobody may enter, cannot play another user"

    /// Whether that user may run the built command.
    static let canRun: Bool = {
        guard geteuid() == 0 else { return true }
        guard FileManager.default.isExecutableFile(atPath: command[0]), let tool = try? CommandLineTool() else { return false }
        return (try? tool.run(["--version"], through: command).code) == 0
    }()
}
