import Foundation
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
        defer { tool.remove() }
        let result = try tool.run(["devnet", "--dir", "net"] + arguments)
        #expect(result.code == 64)
        #expect(!result.errors.isEmpty)
        #expect(try tool.files.isEmpty)
    }

    @Test func aTakenAPIPortIsFoundBeforeAnythingStarts() throws {
        defer { tool.remove() }
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
        defer { tool.remove() }
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
}
