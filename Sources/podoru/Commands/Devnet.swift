internal import ArgumentParser
internal import Node
internal import Storage

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// `podoru devnet`: a whole network on this machine, in real processes.
struct Devnet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start producers, full nodes and a late joiner on this machine, and watch them agree.",
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
            DevnetFolder.remove(folder)
        } else {
            StandardError.say("keys, data and logs are in \(folder)")
        }
        if !succeeded { throw ExitCode(SystemExit.internalError.rawValue) }
    }
}

/// Durations on the command line: `90`, `60s`, `5m`, `1h`.
enum PlainDuration {
    /// A hundred years: nobody waits for longer, and sums of moments and durations fit their numbers.
    private static let longestSeconds: Int64 = 100 * 366 * 86_400

    static func seconds(_ text: String) -> Int64? {
        let units: [(Character, Int64)] = [("s", 1), ("m", 60), ("h", 3600)]
        let unit = units.first { text.last == $0.0 }
        guard let count = Int64(unit == nil ? text[...] : text.dropLast()), count >= 0 else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit?.1 ?? 1)
        return overflow || product > longestSeconds ? nil : product
    }

    /// As `seconds`, and `250ms` too.
    static func milliseconds(_ text: String) -> Int64? {
        if text.hasSuffix("ms") { return Int64(text.dropLast(2)).flatMap { (0...longestSeconds * 1000).contains($0) ? $0 : nil } }
        return seconds(text).map { $0 * 1000 }
    }
}

/// The devnet's folder.
enum DevnetFolder {
    static func makeTemporary() throws -> String {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/podoru-devnet-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw CommandFailure(.cannotCreate, "cannot create a folder in \(base): \(errnoText()); name one with --dir")
        }
        return String(cString: made)
    }

    /// Removes the folder and what the devnet put there.
    static func remove(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard name != ".", name != ".." else { continue }
                // A link is removed, not followed; what is no folder fails as one and goes as a file.
                if unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
            }
            closedir(folder)
        }
        rmdir(path)
    }
}
