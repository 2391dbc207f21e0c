internal import API
internal import ArgumentParser
internal import Logging
internal import Node
internal import NodeLogging
internal import Operator
internal import Platform
internal import PodoruConfiguration
internal import Primitives
internal import Supervisor
internal import Terminal

/// `podoru run`: one node until SIGTERM.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a node until SIGTERM or SIGINT.",
        discussion: "SIGHUP reads the configuration again and takes what can change while the node runs.")

    @Option(
        help: "The configuration file (YAML). Every key can be overridden by PODORU_<KEY> in the environment.",
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String

    @Option(help: ArgumentHelp("A socket to a supervising process.", visibility: .hidden))
    var supervisorFd: Int32?

    func validate() throws {
        if config == "-" { throw ValidationError("a node reads its configuration again on SIGHUP, so it needs a file") }
    }

    mutating func run() async throws {
        let loaded = try ConfigurationLoader.load(config)
        let settings = loaded.configuration
        let writer = LogWriter(format: LogFormat(rawValue: settings.logFormat.rawValue) ?? .text)
        let level = LogLevel(settings.logLevel.level)
        LoggingSystem.bootstrap { PodoruLogHandler(label: $0, level: level, writer: writer) }
        defer { writer.flush() }
        for note in loaded.notes { Logger(label: "node").notice("\(note)") }
        try OpenFiles.makeRoom(for: settings, logger: Logger(label: "node"))

        let (failures, failed) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingOldest(1))
        var options = Node.Options(logger: Logger(label: "node"), supervisor: supervisorFd, logLevel: level) { failed.yield($0) }
        options.serviceManager = .current
        options.commit = BuildCommit.text
        let (losses, lost) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
        options.onSupervisorEnd = { lost.yield() }
        let node: Node
        do throws(NodeError) {
            node = try await Node.start(settings, options: options)
        } catch {
            throw CommandFailure(error, loaded.places)
        }
        let api = try await Run.serve(node, loaded)
        // Before anybody is told that the node is ready: a signal that nobody expects ends a process.
        let hangups = SystemSignal.stream(.hangup)
        let endings = SystemSignal.stream([.terminate, .interrupt])
        let (shutdowns, shutDown) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
        let listening = Task {
            async let orphaned: Void = Run.end(shutDown, when: losses)
            await Run.end(shutDown, on: endings)
            await orphaned
        }
        defer { listening.cancel() }
        try await NodeService(
            node: node, api: api, manager: options.serviceManager, hangups: hangups, configurationPath: config, failures: failures,
            shutdowns: shutdowns
        ).run()
    }
}

extension Run {
    /// Ends the node in order on the first signal, and the process at once on the second: an operator who asks again does not want to
    /// wait. Nothing that was committed is lost.
    private static func end(_ shutDown: AsyncStream<Void>.Continuation, on signals: AsyncStream<Signal>) async {
        var isEnding = false
        for await signal in signals {
            if isEnding {
                StandardError.say("podoru: a second signal: ending at once", .warning)
                // As a shell tells an end by this signal.
                ThisProcess.exitAtOnce(128 + signal.rawValue)
            }
            isEnding = true
            shutDown.yield()
        }
    }

    /// Ends the node in order once the supervising process has gone: what it started must not outlive it.
    private static func end(_ shutDown: AsyncStream<Void>.Continuation, when losses: AsyncStream<Void>) async {
        for await _ in losses { shutDown.yield() }
    }

    /// Starts the API where the configuration has one. A node that cannot serve what it is told to ends again.
    private static func serve(_ node: Node, _ loaded: LoadedConfiguration) async throws(CommandFailure) -> APIServer? {
        let settings = loaded.configuration
        guard settings.apiEnabled else { return nil }
        let log = Logger(label: "node")
        do throws(APIServerError) {
            let api = try await APIServer.start(node: node, configuration: settings, logger: log)
            log.notice("serving", metadata: ["api": "\(api.address)"])
            return api
        } catch {
            await node.stop()
            throw CommandFailure(error, loaded.places)
        }
    }
}

/// The node as a service: runs until it is told to shut down or the node fails, and reloads on SIGHUP.
private struct NodeService {
    let node: Node
    let api: APIServer?
    let manager: ServiceManager?
    let hangups: AsyncStream<Signal>
    let configurationPath: String
    let failures: AsyncStream<String>
    /// Ends it in order. Nothing in that waits for a peer for longer than 2 s.
    let shutdowns: AsyncStream<Void>

    func run() async throws(CommandFailure) {
        manager?.tell(.ready, .status("started"))
        let failure = await withTaskGroup(of: String?.self) { group in
            group.addTask {
                for await reason in failures { return reason }
                return nil
            }
            group.addTask {
                await reloadOnHangup()
                return nil
            }
            group.addTask {
                for await _ in shutdowns { break }
                return nil
            }
            // Whichever ends first: the shutdown, or a failure.
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        manager?.tell(.stopping, .status("stopping"))
        // Its clients are told before what they ask for is gone.
        await api?.stop()
        await node.stop()
        if let failure { throw CommandFailure(.inputOutput, "the node stopped because its chain could not go on: \(failure)") }
    }

    private func reloadOnHangup() async {
        let log = Logger(label: "node")
        for await _ in hangups {
            manager?.tell(.reloading)
            defer { manager?.tell(.ready) }
            do throws(CommandFailure) {
                try await reload()
            } catch {
                for line in error.description.split(separator: "\n") { log.error("\(line)") }
                log.error(
                    "the configuration was not reloaded, and the node goes on as before",
                    metadata: ["file": "\(Redaction.value(configurationPath))"])
            }
        }
    }

    private func reload() async throws(CommandFailure) {
        let loaded = try ConfigurationLoader.load(configurationPath)
        for note in loaded.notes { Logger(label: "node").notice("\(note)") }
        try OpenFiles.makeRoom(for: loaded.configuration, logger: Logger(label: "node"))
        do throws(NodeError) {
            try await node.reload(loaded.configuration)
        } catch {
            throw CommandFailure(error, loaded.places)
        }
        await api?.reload(loaded.configuration)
    }
}

extension NodeConfiguration.LogLevel {
    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
