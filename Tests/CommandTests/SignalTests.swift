import Foundation
import TestKit
import Testing

/// What signals and a silent name server do to a running node.
@Suite(.timeLimit(.minutes(3))) struct SignalTests {
    @Test(arguments: [SIGSEGV, SIGABRT, SIGFPE]) func aFatalSignalLeavesOneLineAndItsStatus(number: Int32) async throws {
        let chain = try await RunningChain()
        #expect(try await chain.node.end(by: number) == .signal(number))
        let lines = chain.log.split(separator: "\n").filter { $0.hasPrefix("podoru: ended by ") }
        #expect(lines.count == 1)
        let line = String(lines.first ?? "")
        #expect(line.contains(", sent by process \(getpid()); the event loop last ran "), "\(line)")
        #expect(line.contains("; version 1.0.0"), "\(line)")
        #expect(line.contains("; backtrace ") && line.contains(" podoru+0x"), "\(line)")
    }

    /// The dispatch library would have its timer thread at -4 and others above 0, and tells the system's log where it may not.
    @Test func noThreadAsksForAPriorityOfItsOwn() async throws {
        let chain = try await RunningChain("api_enabled: true\n")
        // Its timers and its signals are served by then.
        _ = try await chain.reload(chain.configuration + "api_enabled: true\nlog_level: debug\n", until: "configuration reloaded")
        let tasks = "/proc/\(chain.processIdentifier)/task"
        let threads = try FileManager.default.contentsOfDirectory(atPath: tasks)
        #expect(threads.count > 5)
        let own = try #require(niceValue("/proc/self/stat"))
        for thread in threads {
            // A thread may have ended by now.
            guard let nice = niceValue("\(tasks)/\(thread)/stat") else { continue }
            #expect(nice == own, "\(thread)")
        }
        #expect(try await chain.stop() == 0)
    }

    /// proc(5): the name in brackets is field 2, the nice value field 19.
    private func niceValue(_ path: String) -> Int? {
        guard let stat = try? String(contentsOfFile: path, encoding: .utf8), let name = stat.lastIndex(of: ")") else { return nil }
        return Int(stat[name...].split(separator: " ")[17])
    }

    @Test(.enabled(if: SilentNameServer.canRun, SilentNameServer.why)) func silentNamesHoldUpNeitherAnotherPeerNorTheEnd() async throws {
        let server = try SilentNameServer()
        defer { server.stop() }
        let peer = try FakePeer()
        defer { peer.stop() }
        // The names first: what is good is thirteenth.
        let peers = (1...12).map { "  - silent-\($0).example.org:9000\n" }.joined() + "  - localhost:\(peer.port)\n"
        let chain = try await RunningChain("bootstrap_peers:\n\(peers)", through: try server.wrapper())
        let clock = ContinuousClock()
        var began = clock.now
        try await eventually("all are asked for, and the good one is found") { peer.connections > 0 && server.questions >= 12 }
        #expect(clock.now - began < .seconds(5))
        began = clock.now
        #expect(try await chain.stop() == 0)
        // The lookups go on for ten seconds and more; an end that does not wait for them takes one, and some on a busy machine.
        #expect(clock.now - began < .seconds(8), "\(chain.log)")
        #expect(!chain.log.contains("EBUSY") && chain.log.contains("node: stopped"), "\(chain.log)")
    }
}
