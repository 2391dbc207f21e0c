internal import ArgumentParser
internal import Devnet
internal import Node
internal import Platform
internal import Storage
internal import SystemPackage
internal import Terminal

/// `podoru devnet`: a whole network on this machine, in real processes.
struct DevnetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devnet", abstract: "Start producers, full nodes and a late joiner on this machine, and watch them agree.",
        discussion: """
            Each node is a process of its own on 127.0.0.1. Signed sample transactions are sent to several of them. \
            Each has its HTTP API on, too. A node that ends, by a signal of yours for example, comes back after some seconds. After \
            the duration, on Ctrl-C, SIGTERM or when the terminal is closed, producing stops, and the command ends with 0 only if all \
            nodes are on one head; a second Ctrl-C does not wait for that. The nodes end with the command, however it ends.
            """)

    @Option(help: "How many producers.")
    var producers = 3
    @Option(help: "How many full nodes beside the late joiner.")
    var full = 1
    @Option(help: "The time between two blocks, in whole seconds, such as 1s.")
    var blockTime = "1s"
    @Option(help: "The first P2P port; each node takes the next one.")
    var basePort: UInt16 = 9000
    @Option(help: "The first port of the HTTP APIs; each node takes the next one. 0 for no API.")
    var apiPort: UInt16 = 8545
    @Option(
        help: "The folder for keys, configurations, data and logs, kept afterwards. A temporary one unless given.", completion: .directory)
    var dir: String?
    @Option(help: "How long to run, such as 60s or 5m; 'forever' runs until Ctrl-C.")
    var duration = "45s"

    mutating func validate() throws {
        guard (1...20).contains(producers) else { throw ValidationError("--producers must be from 1 to 20") }
        guard (0...20).contains(full) else { throw ValidationError("--full must be from 0 to 20") }
        guard Int(basePort) >= 1024, Int(basePort) + producers + full < 65_536 else {
            throw ValidationError("--base-port must leave room for \(producers + full + 1) ports from 1024 to 65535")
        }
        guard apiPort == 0 || Int(apiPort) >= 1024 && Int(apiPort) + producers + full < 65_536 else {
            throw ValidationError("--api-port must be 0, or leave room for \(producers + full + 1) ports from 1024 to 65535")
        }
        guard apiPort == 0 || abs(Int(apiPort) - Int(basePort)) > producers + full else {
            throw ValidationError("--base-port and --api-port must be at least \(producers + full + 1) apart: each node takes the next one")
        }
        guard let time = PlainDuration.seconds(blockTime), (1...3600).contains(time) else {
            throw ValidationError("--block-time must be whole seconds from 1s to 1h, such as 1s: it is part of the genesis")
        }
        guard duration == "forever" || PlainDuration.seconds(duration).map({ $0 >= 10 }) ?? false else {
            throw ValidationError("--duration must be at least 10s, such as 60s or 5m, or 'forever'")
        }
    }

    mutating func run() async throws {
        let folder = try dir ?? DevnetFolder.makeTemporary()
        let plan = try DevnetPlan(
            directory: folder, producers: producers, full: full, blockTime: blockTime, basePort: basePort, apiPort: apiPort)
        try plan.checkPorts()
        let run = try DevnetRun(plan: plan, duration: duration == "forever" ? nil : PlainDuration.seconds(duration))
        let succeeded = run.run()
        if succeeded, dir == nil {
            FileSystem.removeTree(folder)
        } else {
            StandardError.say("keys, data and logs are in \(folder)")
        }
        if !succeeded { throw ExitCode(SystemExit.internalError.rawValue) }
    }
}
