internal import ArgumentParser
internal import EventLoop
internal import Node
internal import Primitives
internal import Storage

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The command `podoru`.
@main
struct Podoru: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "podoru",
        abstract: "A node of a Podoru chain: a proof-of-authority key-value chain.",
        discussion: """
            `podoru devnet` starts a whole network on this machine; `podoru run --config node.yaml` runs one node.

            Exit codes are those of sysexits(3): 64 usage, 65 bad data, 66 missing input, 69 address taken or no node, 70 internal, \
            73 cannot create, 74 input or output, 77 permission, 78 configuration.
            """,
        version: PodoruVersion.text(commit: BuildCommit.text),
        subcommands: [
            Run.self, Devnet.self, CheckConfig.self, Keygen.self, AddressCommand.self, GenesisCommand.self, Inspect.self,
            ImportCommand.self, ExportCommand.self, VerifyCommand.self, BackupCommand.self, Admin.self,
            Status.self, Doctor.self, TransactionCommand.self,
        ])

    /// ArgumentParser's own entry, with failures of ours ended by their own exit codes.
    static func main() async {
        CrashReport.install(
            program: "podoru", version: PodoruVersion.text(commit: BuildCommit.text),
            priority: JournalStream.isBehind(STDERR_FILENO) ? "<2>" : "")
        StoreFaults.endInWords(exitCode: SystemExit.inputOutput.rawValue)
        do {
            var command = try parseAsRoot(CommandLine.understandable)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            failure.end()
        } catch let failure as APIFailure {
            failure.commandFailure.end()
        } catch let error as FileError {
            CommandFailure(error).end()
        } catch {
            end(error)
        }
    }

    /// Ends as ArgumentParser does, without what could be a private key in the arguments that a complaint quotes; a mistake in the command
    /// line of a service is an error to the journal.
    private static func end(_ error: any Error) -> Never {
        let message = fullMessage(for: error)
        let shown = Redaction.sentence(message)
        if !exitCode(for: error).isSuccess, !message.isEmpty, shown != message || JournalStream.isBehind(STDERR_FILENO) {
            StandardError.say(shown, .error)
            exit(withError: exitCode(for: error))
        }
        exit(withError: error)
    }
}

extension CommandLine {
    /// The arguments, with the published Go node's style `-config FILE` as `--config FILE`.
    static var understandable: [String] {
        arguments.dropFirst().map { $0 == "-config" || $0.hasPrefix("-config=") ? "-" + $0 : $0 }
    }
}
