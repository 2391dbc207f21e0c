import Foundation
import TestKit

/// A user without any right of ours: the one that Debian calls nobody.
enum Nobody {
    private static let identifier = 65534
    private static let setpriv = "/usr/bin/setpriv"

    /// Whether it can be played here, and may run the built command.
    static let isThere: Bool = {
        guard geteuid() == 0, FileManager.default.isExecutableFile(atPath: setpriv) else { return false }
        return (try? run(CommandLineTool.binary.path, "--version").code) == 0
    }()

    static func run(_ command: String...) throws -> CommandLineTool.Result {
        try TestProcess.run(
            [setpriv, "--reuid=\(identifier)", "--regid=\(identifier)", "--clear-groups", "--no-new-privs"] + command,
            in: URL(fileURLWithPath: "/"))
    }
}
