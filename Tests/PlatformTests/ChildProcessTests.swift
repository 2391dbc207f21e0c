internal import SystemPackage
internal import Testing

@testable internal import Platform

@Suite(.timeLimit(.minutes(1))) struct ChildProcessTests {
    /// A shell that runs `script`, and what it writes.
    private func run(_ script: String, _ change: (inout ChildProcess.Launch) -> Void = { _ in }) throws -> (ChildEnding, String) {
        let (ours, theirs) = try UnixSocket.makePair()
        defer { ours.closeQuietly() }
        var launch = ChildProcess.Launch("/bin/sh", ["-c", script])
        launch.output = .file(theirs)
        launch.error = .file(theirs)
        change(&launch)
        let child = try ChildProcess(launch)
        theirs.closeQuietly()
        let said = try ours.readToEnd(atMost: 1 << 16)
        return (child.waitForEnd(), String(decoding: said, as: UTF8.self))
    }

    @Test func aChildHasItsArgumentsAndItsCode() throws {
        let (ending, said) = try run("printf '%s' hello; exit 7")
        #expect(ending == .code(7))
        #expect(said == "hello")
    }

    @Test func aChildHasTheVariablesThatItIsGivenAndNoOthers() throws {
        let (_, said) = try run("env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= | sort") { $0.environment = ["A=1", "PATH=/usr/bin:/bin"] }
        #expect(said == "A=1\nPATH=/usr/bin:/bin\n")
    }

    @Test func aChildRunsInTheFolderThatItIsGiven() throws {
        #expect(try run("pwd") { $0.folder = "/" }.1 == "/\n")
    }

    @Test func whatIsPassedHasItsNumberAndNothingElseIsOpen() throws {
        let file = try FileDescriptor(opening: "/dev/null", .readOnly)
        defer { file.closeQuietly() }
        let (one, other) = try UnixSocket.makePair()
        defer {
            one.closeQuietly()
            other.closeQuietly()
        }
        // Numbers that stand in each other's way.
        let (_, said) = try run("ls /proc/self/fd; readlink /proc/self/fd/4") { $0.passed = [3: other, 4: file] }
        let open = said.split(separator: "\n")
        #expect(open.contains("3") && open.contains("4"))
        #expect(open.last == "/dev/null")
    }

    @Test func aProgramThatIsNotThereIsAnError() {
        #expect(throws: Errno.noSuchFileOrDirectory) { try ChildProcess(ChildProcess.Launch("/no/such/program")) }
    }

    @Test func aSignalEndsAChildAndAllThatItHasStarted() throws {
        let (ours, theirs) = try UnixSocket.makePair()
        defer { ours.closeQuietly() }
        var launch = ChildProcess.Launch("/bin/sh", ["-c", "sleep 100 & echo up; wait"])
        launch.output = .file(theirs)
        let child = try ChildProcess(launch)
        theirs.closeQuietly()
        var line = [UInt8](repeating: 0, count: 3)
        #expect(try ours.readBytes(into: &line) == 3)
        child.signalGroup(.kill)
        #expect(child.waitForEnd() == .signal(Signal.kill.rawValue))
        // The end of the stream comes when the last of them has gone.
        #expect(try ours.readToEnd(atMost: 16) == [])
        // Reaped: its number may be another's, and nothing is sent to it.
        child.signal(.kill)
        #expect("\(child.ending?.description ?? "")" == "SIGKILL")
    }

    @Test func whoWaitsUntilATimeHasNoAnswerFromAChildThatRuns() throws {
        let child = try ChildProcess(ChildProcess.Launch("/bin/sleep", ["100"]))
        #expect(child.waitForEnd(until: SystemClock.uptime + 10_000_000) == nil)
        child.terminate()
        #expect(child.waitForEnd(until: SystemClock.uptime + 30_000_000_000) == .signal(Signal.terminate.rawValue))
    }
}
