import Foundation
import TestSupport
import Testing

/// `podoru run` under a service manager.
@Suite(.timeLimit(.minutes(2))) struct ServiceTests {
    /// A node's process, its log and its service manager.
    private final class Service {
        let folder: URL
        let manager: FakeServiceManager
        let process = Process()
        /// All that the manager was told, line by line.
        private(set) var told: [String] = []

        init() throws {
            folder = try Shell.temporaryFolder()
            manager = try FakeServiceManager()
            let vectors = Shell.root.appendingPathComponent("Tests/Vectors/genesis.json").path
            let text = """
                genesis_path: "\(vectors)"
                data_dir: "\(folder.path)/data"
                p2p_bind_addr: 127.0.0.1
                p2p_port: 0
                api_port: 0
                """
            try text.write(to: configuration, atomically: true, encoding: .utf8)
            try Data().write(to: logFile)
            process.executableURL = Shell.podoru
            process.arguments = ["run", "--config", configuration.path]
            process.environment = ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "900000"]
            process.standardError = try FileHandle(forWritingTo: logFile)
            try process.run()
        }

        var configuration: URL { folder.appendingPathComponent("node.yaml") }
        private var logFile: URL { folder.appendingPathComponent("log") }
        var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }

        /// Waits until the manager was told so, `count` times in all.
        func hears(_ line: String, count: Int = 1) async throws {
            let end = ContinuousClock.now + .seconds(30)
            while true {
                while let datagram = manager.next() { told += datagram.split(separator: "\n").map(String.init) }
                if told.filter({ $0.hasPrefix(line) }).count >= count { return }
                try #require(ContinuousClock.now < end, "the service manager never heard \(line): \(told), \(log)")
                try await Task.sleep(for: .milliseconds(5))
            }
        }

        /// Waits until the log has it.
        func logs(_ text: String) async throws {
            let end = ContinuousClock.now + .seconds(30)
            while !log.contains(text) {
                try #require(ContinuousClock.now < end, "the log never had \(text): \(log)")
                try await Task.sleep(for: .milliseconds(5))
            }
        }

        /// Waits for the end.
        func exitCode() async throws -> Int32 {
            let end = ContinuousClock.now + .seconds(30)
            while process.isRunning {
                try #require(ContinuousClock.now < end, "the node does not end: \(log)")
                try await Task.sleep(for: .milliseconds(5))
            }
            return process.terminationStatus
        }

        func remove() {
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            try? FileManager.default.removeItem(at: folder)
        }
    }

    @Test func itIsReadyOnceItListensAndServes() async throws {
        let service = try Service()
        defer { service.remove() }
        try await service.hears("READY=1")
        // The log is written beside the node's work.
        try await service.logs("p2p=127.0.0.1:")
        try await service.logs("api=127.0.0.1:")
    }

    @Test func itTellsThatItLivesAndWhereItStands() async throws {
        let service = try Service()
        defer { service.remove() }
        try await service.hears("WATCHDOG=1", count: 3)
        try await service.hears("STATUS=height 0, 0 peers, 0 waiting")
    }

    @Test func aReloadIsToldAndEnds() async throws {
        let service = try Service()
        defer { service.remove() }
        try await service.hears("READY=1")
        kill(service.process.processIdentifier, SIGHUP)
        try await service.hears("RELOADING=1")
        try await service.hears("MONOTONIC_USEC=")
        try await service.hears("READY=1", count: 2)
    }

    @Test func anEndInOrderIsToldAndSummedUp() async throws {
        let service = try Service()
        defer { service.remove() }
        try await service.hears("READY=1")
        kill(service.process.processIdentifier, SIGTERM)
        try await service.hears("STOPPING=1")
        #expect(try await service.exitCode() == 0)
        #expect(service.log.contains("stopped") && service.log.contains("uptime_s=") && service.log.contains("blocks_by_sync=0"))
    }

    @Test func aNodeThatCannotStartIsNeverReady() async throws {
        let service = try Service()
        defer { service.remove() }
        try await service.hears("READY=1")
        // A second one on the same store.
        let other = Process()
        other.executableURL = Shell.podoru
        other.arguments = ["run", "--config", service.configuration.path]
        let manager = try FakeServiceManager()
        other.environment = ["NOTIFY_SOCKET": manager.path]
        other.standardError = FileHandle.nullDevice
        try other.run()
        other.waitUntilExit()
        #expect(other.terminationStatus != 0)
        #expect(manager.next() == nil)
    }
}
