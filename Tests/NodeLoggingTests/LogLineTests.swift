import Foundation
import Logging
import Synchronization
import Testing

@testable import NodeLogging

/// How a log line looks.
@Suite struct LogLineTests {
    private func line(
        _ format: LogFormat, journal: Bool = false, level: Logger.Level = .info, _ message: String, _ metadata: Logger.Metadata = [:],
        repeated: Int = 0, also: Int = 0
    ) -> String {
        let line = LogLine(format: format, underJournald: journal)
        let body = line.body(level: level, label: "node", message: message, metadata: metadata)
        let output = RepeatFilter.Output(line: .init(level: level, body: body), repeated: repeated, also: also)
        return String(decoding: line.render(output, unixMilliseconds: 1_700_000_000_123), as: UTF8.self)
    }

    /// The object that a JSON line is, read by somebody else's parser.
    private func object(_ line: String) throws -> [String: String] {
        #expect(line.hasSuffix("}\n"))
        return try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
    }

    /// What a stranger may send.
    private static let evil = "a\nb\r\tc \"d\" \\e \u{1b}[31m \u{0} \u{7f} \u{85} \u{2028}\u{2029} é 🚀"

    @Test func textHasTimeLevelModuleMessageAndSortedFields() {
        #expect(
            line(.text, "peer connected", ["peer": "10.0.0.1:9000", "height": "7", "name": "two words"])
                == "2023-11-14T22:13:20.123Z info     node: peer connected height=7 name=\"two words\" peer=10.0.0.1:9000\n")
    }

    @Test func textIsOneLineWhateverIsInIt() {
        let text = line(.text, Self.evil, ["key": .string(Self.evil)])
        let breaking = text.dropLast().unicodeScalars.filter {
            $0.value < 0x20 || (0x7f...0x9f).contains($0.value) || (0x2028...0x2029).contains($0.value)
        }
        #expect(breaking.isEmpty && text.last == "\n")
        #expect(text.contains(" key=\"a?b??c \\\"d\\\" \\\\e ?[31m"))
        #expect(text.contains("é 🚀"))
    }

    @Test func aValueCannotPlayAnotherField() {
        #expect(line(.text, "x", ["peer": "a\" level=critical"]).hasSuffix(" peer=\"a\\\" level=critical\"\n"))
        #expect(line(.text, "x", ["peer": ""]).hasSuffix(" peer=\"\"\n"))
    }

    @Test func jsonIsAnObjectWithWhatWasSaid() throws {
        let text = line(.json, level: .warning, Self.evil, ["key": .string(Self.evil), "height": "7"])
        #expect(text.filter(\.isNewline).count == 1 || text.dropLast().utf8.allSatisfy { $0 >= 0x20 })
        #expect(
            try object(text) == [
                "time": "2023-11-14T22:13:20.123Z", "level": "warning", "module": "node", "message": Self.evil, "key": Self.evil,
                "height": "7",
            ])
    }

    @Test func aFieldNeverHidesAPartOfTheLine() throws {
        let text = line(.json, "the operator changed the log level", ["level": "debug", "time": "never", "repeated": "x"], repeated: 3)
        #expect(text.components(separatedBy: "\"level\"").count == 2)
        let object = try object(text)
        #expect(object["level"] == "info" && object["level_"] == "debug" && object["time_"] == "never")
        #expect(object["repeated"] == "3" && object["repeated_"] == "x")
    }

    @Test func whatWasLeftOutIsTold() throws {
        let text = line(.text, "peer connected", ["peer": "a"], also: 7)
        #expect(text.hasSuffix("peer connected peer=a others=7\n"))
        #expect(line(.text, "block refused", ["also": "3"]).hasSuffix("block refused also=3\n"), "a line's own number keeps its name")
    }

    @Test(arguments: zip(Logger.Level.allCases, [7, 7, 6, 5, 4, 3, 2]))
    func theJournalGetsThePriorityAndAddsTheTimeItself(level: Logger.Level, priority: Int) throws {
        #expect(line(.text, journal: true, level: level, "hello", ["a": "b"]) == "<\(priority)>node: hello a=b\n")
        let json = line(.json, journal: true, level: level, "hello")
        #expect(json.hasPrefix("<\(priority)>{"))
        #expect(try object(String(json.dropFirst(3))) == ["level": level.rawValue, "module": "node", "message": "hello"])
    }

    @Test func theJournalIsOnlyTheStreamThatIsNamed() {
        #expect(JournalStream.names("8:1234", device: 8, inode: 1234))
        for other in ["8:1235", "9:1234", "8", "8:", ":1234", "", "8:1234:", "x"] {
            #expect(!JournalStream.names(other, device: 8, inode: 1234), "\(other)")
        }
    }
}

/// The thread that writes the lines, to a pipe.
@Suite(.timeLimit(.minutes(3))) struct LogWriterTests {
    private func withWriter(_ format: LogFormat, _ body: (LogWriter, Logger, _ end: FileHandle) throws -> Void) throws {
        let pipe = Pipe()
        let writer = LogWriter(format: format, descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let level = LogLevel(.info)
        try body(writer, Logger(label: "node") { PodoruLogHandler(label: $0, level: level, writer: writer) }, pipe.fileHandleForReading)
        try pipe.fileHandleForWriting.close()
    }

    /// Reads until the text is there, and gives up after a minute without any: a failure must not hang the others.
    private func read(_ end: FileHandle, until words: String) throws -> String {
        var bytes = Data()
        while bytes.range(of: Data(words.utf8)) == nil {
            var wait = pollfd(fd: end.fileDescriptor, events: Int16(POLLIN), revents: 0)
            try #require(poll(&wait, 1, 60_000) == 1, "never read: \(words)")
            bytes += end.availableData
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func whatIsSaidAgainIsCountedAndTheNumberToldAtTheEnd() throws {
        try withWriter(.json) { writer, logger, end in
            for _ in 0..<10 { logger.warning("disk is slow", metadata: ["ms": "30"]) }
            logger.notice("stopped")
            logger.debug("nobody asked for this")
            writer.flush()
            let lines = try String(decoding: end.availableData, as: UTF8.self).split(separator: "\n").map {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String]
            }
            #expect(lines.map { $0?["message"] } == ["disk is slow", "stopped", "disk is slow"])
            #expect(lines.map { $0?["repeated"] } == [nil, nil, "9"])
        }
    }

    @Test func theNumberComesAlsoWhenNobodySaysAnythingMore() throws {
        try withWriter(.text) { _, logger, end in
            for _ in 0..<3 { logger.warning("disk is slow") }
            let text = try read(end, until: "repeated=2\n")
            #expect(text.split(separator: "\n").count == 2)
        }
    }

    @Test func aReaderThatIsTooSlowHearsHowMuchItMissed() throws {
        try withWriter(.json) { writer, logger, end in
            let filler = String(repeating: "x", count: 3000)
            // Longer than what is compared, so that each is told; more than the pipe and the queue hold.
            for number in 0..<1000 { logger.notice("line", metadata: ["number": "\(number)", "filler": .string(filler)]) }
            let done = Mutex(false)
            Thread.detachNewThread {
                writer.flush()
                done.withLock { $0 = true }
                logger.notice("the end")
            }
            let text = try read(end, until: "the end\"}\n")
            #expect(done.withLock { $0 })
            let lines = try text.split(separator: "\n").map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String] }
            let missed = lines.compactMap { $0?["lines"] }.compactMap { Int($0) }.reduce(0, +)
            let told = lines.filter { $0?["message"] == "line" }.count
            #expect(missed > 0 && told + missed == 1000, "\(told) told, \(missed) missed")
        }
    }
}
