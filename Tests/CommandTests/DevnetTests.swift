import Foundation
import TestKit
import Testing

@Suite struct DevnetTests {
    let tool: CommandLineTool

    init() throws {
        tool = try CommandLineTool()
    }

    @Test(arguments: [
        ["--base-port", "9000", "--api-port", "9002"], ["--base-port", "9000", "--api-port", "8997"], ["--api-port", "80"],
        ["--api-port", "65535"], ["--api-port", "x"], ["--producers", "0"], ["--duration", "1s"],
    ]) func aWrongCommandLineStartsNothing(arguments: [String]) throws {
        let result = try tool.run(["devnet", "--dir", "net"] + arguments)
        #expect(result.code == 64)
        #expect(!result.errors.isEmpty)
        #expect(try tool.files.isEmpty)
    }

    @Test func aTakenAPIPortIsFoundBeforeAnythingStarts() throws {
        let other = try FakeNode()
        defer { other.stop() }
        let base = try FreePorts.first(of: 2)
        let result = try tool.run(
            "devnet", "--dir", "net", "--producers", "1", "--full", "0", "--base-port", "\(base)", "--api-port", "\(other.port)")
        #expect(result.code == 69)
        #expect(result.errors.contains("port \(other.port) on 127.0.0.1, which producer-1 needs for the API, is taken"), "\(result.errors)")
        #expect(result.errors.contains("--api-port"))
        #expect(try !FileManager.default.contentsOfDirectory(atPath: tool.folder.path + "/net").contains { $0.hasSuffix(".log") })
    }

    @Test func eachNodeAnswersAtItsOwnURL() async throws {
        let base = try FreePorts.first(of: 6)
        let devnet = try Watch(
            tool, "devnet", "--producers", "1", "--full", "1", "--base-port", "\(base)", "--api-port", "\(base + 3)", "--dir",
            tool.folder.path + "/net", "--duration", "forever")
        defer { devnet.kill() }
        let urls = [3, 4].map { "http://127.0.0.1:\(base + $0)" }
        for url in urls {
            try await devnet.wait("\(url) answers") { output in
                guard output.contains("api \(url)\n"), let seen = try? tool.run("status", "--json", "--api", url) else { return false }
                return seen.code == 0 && !seen.output.contains("\"height\":0,\"hash\"")
            }
        }
        // The late node joins after that; all three end on one head.
        #expect(try await devnet.interrupt() == 0, "\(devnet.output)")
        #expect(devnet.output.contains("all 3 nodes ended on one head"), "\(devnet.output)")
    }

    // MARK: Ends

    /// A devnet of one producer, a full node and a late one, and the process of each that runs.
    private func devnet() throws -> (devnet: Watch, processes: () -> [String: Int32]) {
        let base = try FreePorts.first(of: 3)
        let devnet = try Watch(
            tool, "devnet", "--producers", "1", "--full", "1", "--base-port", "\(base)", "--api-port", "0", "--dir",
            tool.folder.path + "/net", "--duration", "forever")
        return (
            devnet,
            {
                var processes: [String: Int32] = [:]
                for match in devnet.output.matches(of: /(?m)(\S+)(?: is back,)?  ?pid ([0-9]+)/) {
                    processes[String(match.output.1)] = Int32(match.output.2)
                }
                return processes
            }
        )
    }

    private func isRunning(_ process: Int32) -> Bool {
        // One that nobody has reaped yet has ended, too.
        guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")[1] != "Z"
    }

    /// Whether the newest line of heights says that a node is at some block.
    private func isAtABlock(_ output: String, _ name: String) -> Bool {
        guard let line = output.split(separator: "\n").last(where: { $0.contains(" heights: ") }) else { return false }
        return (1...9).contains { line.contains("  \(name) \($0)") || line.contains(" heights: \(name) \($0)") }
    }

    @Test func theNodesEndWithADevnetThatIsKilled() async throws {
        let (devnet, processes) = try devnet()
        defer { devnet.kill() }
        try await devnet.wait("both run") { isAtABlock($0, "full") }
        let nodes = processes()
        #expect(nodes.keys.sorted() == ["full", "producer-1"])
        #expect(try await devnet.interrupt(by: SIGKILL) == -SIGKILL)
        try await eventually("the nodes end", within: .seconds(15)) { !nodes.values.contains(where: isRunning) }
        for name in nodes.keys {
            let log = try tool.read("net/\(name).log")
            #expect(log.contains("the supervising process has gone") && log.contains("node: stopped"), "in order: \(log)")
        }
    }

    @Test func aNodeThatIsKilledComesBackAndAStoppedOneDoesNotAnswer() async throws {
        let (devnet, processes) = try devnet()
        defer { devnet.kill() }
        try await devnet.wait("both run") { isAtABlock($0, "full") }
        let first = try #require(processes()["full"])
        kill(first, SIGKILL)
        try await devnet.wait("it says so") { $0.contains("s  full ended: SIGKILL\n") }
        try await devnet.wait("it is back") { $0.contains("s  full is back, pid ") }
        let second = try #require(processes()["full"])
        #expect(second != first)
        kill(second, SIGSTOP)
        try await devnet.wait("it does not answer") { $0.contains("  full no answer  ") }
        kill(second, SIGCONT)
        // As a terminal does that is closed. The late node is started for the end.
        #expect(try await devnet.interrupt(by: SIGHUP) == 0, "\(devnet.output)")
        #expect(devnet.output.contains("all 3 nodes ended on one head"), "\(devnet.output)")
        #expect(!isRunning(second))
    }

    @Test func theScreenOfATerminalIsWholeToTheEnd() async throws {
        let base = try FreePorts.first(of: 4)
        let terminal = try Terminal(
            tool,
            [
                "devnet", "--producers", "1", "--full", "0", "--base-port", "\(base)", "--api-port", "\(base + 2)", "--dir", "net",
                "--duration",
                "forever",
            ])
        try await terminal.wait("it produces") { _ in
            terminal.screen.text.contains { $0.hasPrefix("producer-1") && $0.hasSuffix("in step") && !$0.contains("  00000000  ") }
        }
        let running = terminal.screen
        #expect(running.text.first?.hasPrefix("podoru devnet  ") == true)
        #expect(running.text.contains { $0.hasPrefix("late") })
        #expect(running.text.last?.hasPrefix("watch one:  ") == true)
        #expect(try await terminal.end(interrupting: true) == 0, "\(terminal.output)")
        let screen = terminal.screen
        #expect(running.unknown + screen.unknown == [])
        // The devnet's own traffic is gone; so are the hints, since no node answers any more.
        #expect(screen.text.filter { $0.hasPrefix("podoru devnet  ") }.count == 1, "\(screen.text)")
        #expect(screen.text.filter { $0.hasPrefix("producer-1") }.count == 1)
        #expect(!screen.text.contains { $0.hasPrefix("watch one") })
        let last = try #require(screen.text.last { $0.contains("nodes ended on one head: height ") })
        let before = screen.text.firstIndex(of: last).map { screen.text[$0 - 1] }
        #expect(before?.hasPrefix("transactions in blocks  ") == true, "\(screen.text)")
    }
}
