internal import ArgumentParser
internal import EventLoop
internal import Node
internal import NodeClient
internal import NodeLogging
internal import Platform
internal import Primitives
internal import Storage
internal import SystemPackage
internal import Terminal
internal import WholeFiles

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
            Run.self, DevnetCommand.self, CheckConfig.self, Keygen.self, AddressCommand.self, GenesisCommand.self, Inspect.self,
            ImportCommand.self, ExportCommand.self, VerifyCommand.self, BackupCommand.self, Admin.self,
            Status.self, Doctor.self, TransactionCommand.self, GetCommand.self,
        ])

    /// ArgumentParser's own entry, with failures of ours ended by their own exit codes.
    static func main() async {
        StandardStreams.prepare()
        CrashReport.install(
            program: "podoru", version: PodoruVersion.text(commit: BuildCommit.text),
            priority: JournalStream.isBehind(FileDescriptor.standardError.rawValue) ? "<2>" : "")
        StoreFaults.endInWords(exitCode: SystemExit.inputOutput.rawValue)
        do {
            var command = try parseAsRoot(CommandLine.understandable)
            // A node's output is its log: one that nobody reads ends it, as it ends other daemons.
            if command is Run { Signal.pipe.restore() }
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

    /// Ends as ArgumentParser does, help and version among its errors, except that a failing write is told, that what could be a private
    /// key in the arguments is not, and that a mistake in the command line of a service is an error to the journal.
    private static func end(_ error: any Error) -> Never {
        let (code, text) = (exitCode(for: error), fullMessage(for: error))
        if code.isSuccess, !text.isEmpty {
            do throws(CommandFailure) { try StandardOutput.say(text) } catch { error.end() }
        } else if !text.isEmpty {
            StandardError.say(Redaction.sentence(text), .error)
        }
        ThisProcess.exit(code.rawValue)
    }
}

extension CommandLine {
    /// The arguments, with the published Go node's style `-config FILE` as `--config FILE`.
    static var understandable: [String] {
        arguments.dropFirst().map { $0 == "-config" || $0.hasPrefix("-config=") ? "-" + $0 : $0 }
    }
}
