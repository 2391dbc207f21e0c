internal import ArgumentParser
internal import Operator
internal import PodoruConfiguration
internal import Terminal

/// `podoru doctor`: everything around a node that can be wrong, and what to do about it.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look for what keeps a node from working, and say for each what to do.",
        discussion: """
            Looks at the configuration, genesis, key and data directory with their owners and modes, the disk, open files, the \
            clock against the peers, the service with its sandbox, both ports, ufw, each configured peer and its genesis, and at the node itself \
            when its API answers. It works while the node runs and while it does not, as root or as the node's user, changes \
            nothing and ends within some ten seconds.

            Exit codes: 0 when nothing failed, warnings or not; 78 when the configuration, the genesis or the key failed; 69 when \
            something else did; 64 when there is no configuration to look at.
            """)

    @Option(
        help: ArgumentHelp(
            "The node's configuration. /etc/podoru/node.yaml, or else node.yaml in this folder, unless given.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?
    @Flag(help: "One line of JSON instead.")
    var json = false
    @Option(help: ArgumentHelp("How long each peer and the node's API may take, such as 4s or 500ms. 4s unless given.", valueName: "time"))
    var timeout: String?

    mutating func validate() throws {
        if let timeout { _ = try Doctor.duration(timeout) }
    }

    private static func duration(_ text: String) throws -> Duration {
        guard let time = PlainDuration.milliseconds(text), DoctorLimits.timeoutRange.contains(time) else {
            throw ValidationError("--timeout must be from 100ms to 30s, such as 4s")
        }
        return .milliseconds(time)
    }

    mutating func run() async throws {
        guard let file = config ?? DoctorSubject.standardFile else {
            throw CommandFailure(
                .usage,
                "there is no \(DoctorSubject.standardFiles.joined(separator: " and no ")) here: name the configuration with --config FILE")
        }
        let time = try timeout.map { try Doctor.duration($0) } ?? DoctorLimits.networkTimeout
        let report = await DoctorExamination(file: file, timeout: time).run()
        if json {
            try StandardOutput.put(report.json)
        } else {
            let place = OutputPlace.standardOutput
            let lines = DoctorLayout(width: place.width).lines(report)
            try StandardOutput.put(Array(lines.map { $0.text(width: place.width, hasColours: place.hasColours) + "\n" }.joined().utf8))
        }
        if report.exitCode != 0 { throw ExitCode(report.exitCode) }
    }
}
