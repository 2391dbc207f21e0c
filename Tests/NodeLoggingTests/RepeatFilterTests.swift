import Logging
import Primitives
import Testing

@testable import NodeLogging

/// What becomes of lines that are said again and again, as a value and in a time of its own.
@Suite struct RepeatFilterTests {
    private func line(_ text: String, level: Logger.Level = .info) -> RepeatFilter.Line { .init(level: level, body: Array(text.utf8)) }

    /// Says `text`, whose first word is its message.
    private func say(_ text: String, to filter: inout RepeatFilter, at now: Nanoseconds) -> [String] {
        let kind = text.split(separator: " ").first.map { Array($0.utf8) } ?? []
        return shown(filter.take(line(text), kind: kind, at: now))
    }

    private func shown(_ outputs: [RepeatFilter.Output]) -> [String] {
        outputs.map { output in
            String(decoding: output.line.body, as: UTF8.self) + (output.repeated > 0 ? " x\(output.repeated)" : "")
                + (output.also > 0 ? " +\(output.also)" : "")
        }
    }

    @Test func aLineIsToldOnceAndItsNumberWhenItsWindowEnds() {
        var filter = RepeatFilter()
        #expect(say("slow", to: &filter, at: 0) == ["slow"])
        #expect(say("slow", to: &filter, at: .seconds(1)) == [])
        #expect(say("slow", to: &filter, at: .seconds(4)) == [])
        #expect(shown(filter.due(at: RepeatFilter.window - 1)) == [])
        #expect(shown(filter.due(at: RepeatFilter.window)) == ["slow x2"])
        #expect(shown(filter.due(at: .seconds(60))) == [])
        #expect(say("slow", to: &filter, at: .seconds(61)) == ["slow"])
    }

    @Test func theNumberComesBeforeTheNextLine() {
        var filter = RepeatFilter()
        _ = say("slow", to: &filter, at: 0)
        _ = say("slow", to: &filter, at: 1)
        #expect(say("slow", to: &filter, at: .seconds(9)) == ["slow x1", "slow"])
    }

    @Test func anotherFieldIsAnotherFact() {
        var filter = RepeatFilter()
        #expect(say("block height=1", to: &filter, at: 0) == ["block height=1"])
        #expect(say("block height=2", to: &filter, at: 0) == ["block height=2"])
        #expect(filter.take(line("block height=2", level: .error), kind: Array("block".utf8), at: 0).count == 1, "another level too")
    }

    @Test func linesOfOneMessageAreBoundedAndTheRestCounted() {
        var filter = RepeatFilter()
        var told = 0
        for number in 0..<1000 { told += say("connected peer=\(number)", to: &filter, at: 0).count }
        #expect(told == RepeatFilter.likes)
        #expect(say("another peer=1", to: &filter, at: 0) == ["another peer=1"])
        #expect(shown(filter.due(at: RepeatFilter.window)) == ["connected peer=999 +\(1000 - RepeatFilter.likes - 1)"])
    }

    @Test func whatIsRememberedIsBounded() {
        var filter = RepeatFilter()
        _ = say("first", to: &filter, at: 0)
        _ = say("first", to: &filter, at: 0)
        var outputs: [String] = []
        for number in 0..<10_000 { outputs += say("other\(number)", to: &filter, at: 1) }
        #expect(filter.count <= 128)
        #expect(outputs.count == 10_001 && outputs.contains("first x1"), "the number is told before it is forgotten")
    }

    @Test func aLongLineIsNotKept() {
        var filter = RepeatFilter()
        let long = String(repeating: "x", count: 5000)
        #expect(say(long, to: &filter, at: 0).count == 1 && say(long, to: &filter, at: 0).count == 1)
        #expect(filter.count == 0)
    }

    /// Whatever is said, each line is told or counted once.
    @Test func nothingIsLostAndNothingIsToldTwice() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        var filter = RepeatFilter()
        var now: Nanoseconds = 0
        var (said, accounted) = (0, 0)
        func account(_ outputs: [RepeatFilter.Output]) {
            for output in outputs { accounted += output.repeated > 0 ? output.repeated : 1 + output.also }
        }
        for _ in 0..<20_000 {
            now += Nanoseconds.random(in: 0 ... .milliseconds(100), using: &random)
            let kind = Int.random(in: 0..<90, using: &random)
            let text = "\(kind) \(Int.random(in: 0..<(kind == 0 ? 1000 : 2), using: &random))"
            said += 1
            account(filter.take(line(text), kind: Array("\(kind)".utf8), at: now))
        }
        account(filter.flush())
        #expect(said == accounted, "seed \(seed)")
        #expect(!filter.isCounting && filter.count == 0)
    }
}
