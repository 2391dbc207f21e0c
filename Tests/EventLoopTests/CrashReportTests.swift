internal import Foundation
internal import Platform
internal import TestKit
internal import Testing

@testable internal import EventLoop

/// What a process leaves on standard error when a fault ends it. Each runs in a process of its own.
@Suite(.timeLimit(.minutes(2))) struct CrashReportTests {
    /// The one line of the report.
    private func line(_ result: ExitTest.Result?) throws -> String {
        let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("<2>tool: ") }
        #expect(lines.count == 1, "\(text)")
        return String(lines.first ?? "")
    }

    @Test func aFaultIsToldWithItsAddressAndABacktrace() async throws {
        let result = await #expect(processExitsWith: .signal(SIGSEGV), observing: [\.standardErrorContent]) {
            CrashReport.install(program: "tool", version: "9.9 (abc)", priority: "<2>")
            SystemThread.start(name: "culprit") {
                let nowhere = UnsafeMutablePointer<Int>(bitPattern: 0x1230)
                nowhere?.pointee = 1
            }
            while true { pause() }
        }
        let line = try line(result)
        #expect(line.hasPrefix("<2>tool: ended by SIGSEGV at address 0x1230; thread culprit; version 9.9 (abc); backtrace "), "\(line)")
        let frames = line.split(separator: " ").filter { $0.wholeMatch(of: /\S+\+0x[0-9a-f]+/) != nil }
        #expect(frames.count >= 3, "\(line)")
        #expect(frames.last?.hasPrefix("libc.so") == true, "the bottom of a thread: \(line)")
    }

    @Test func aTrapIsTold() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent, \.exitStatus]) {
            CrashReport.install(program: "tool", version: "1", priority: "<2>")
            let empty: [Int] = []
            _ = empty[Int.random(in: 0...1)]
        }
        let line = try line(result)
        #expect(line.contains("ended by SIGILL;") || line.contains("ended by SIGTRAP;"), "\(line)")
        #expect([.signal(SIGILL), .signal(SIGTRAP)].contains(try #require(result).exitStatus))
    }

    @Test(arguments: [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS]) func aSignalOfAnotherProcessEndsThisOne(number: Int32)
        async throws
    {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent, \.exitStatus]) {
            [number = number as Int32] in
            CrashReport.install(program: "tool", version: "1", priority: "<2>")
            _ = try TestProcess.run(["/bin/sh", "-c", "kill -\(number) \(getpid())"], in: URL(fileURLWithPath: "/"))
            while true { pause() }
        }
        #expect(try #require(result).exitStatus == .signal(number))
        #expect(try line(result).contains(", sent by process "), "it is no fault of the program")
    }

    @Test func aStackThatRunsOutIsTold() async throws {
        let result = await #expect(processExitsWith: .signal(SIGSEGV), observing: [\.standardErrorContent]) {
            CrashReport.install(program: "tool", version: "1", priority: "<2>")
            @Sendable func deeper(_ value: Int) -> Int { value == Int.max ? 0 : deeper(value &+ 1) &+ value }
            SystemThread.start(name: "deep") { print(deeper(Int.random(in: 0...1))) }
            while true { pause() }
        }
        #expect(try line(result).contains("; thread deep; "))
    }

    /// As systemd's watchdog does.
    @Test func aLoopThatHangsIsToldWithItsAgeAndItsBacktrace() async throws {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            CrashReport.install(program: "tool", version: "1", priority: "<2>")
            let loop = try EventLoop.start(name: "stuck")
            await loop.perform { loop.watchForCrashReport() }
            loop.execute { while true { usleep(1000) } }
            // The time that the loop hangs is what is told.
            _ = try TestProcess.run(["/bin/sh", "-c", "sleep 1.2; kill -ABRT \(getpid())"], in: URL(fileURLWithPath: "/"))
            while true { pause() }
        }
        let line = try line(result)
        #expect(line.hasPrefix("<2>tool: ended by SIGABRT, sent by process "), "\(line)")
        #expect(line.contains("; thread stuck; "), "\(line)")
        let age = try #require(line.firstMatch(of: /the event loop last ran ([0-9]+)\.([0-9]) s ago/)?.output)
        #expect(try #require(Double("\(age.1).\(age.2)")) >= 1, "\(line)")
    }

    @Test func withoutAWatchedLoopNoneIsTold() async throws {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            CrashReport.install(program: "tool", version: "1", priority: "<2>")
            let loop = try EventLoop.start(name: "ended")
            await loop.perform { loop.watchForCrashReport() }
            await loop.stop()
            abort()
        }
        let line = try line(result)
        #expect(line.contains("ended by SIGABRT; thread "), "\(line)")
    }
}
