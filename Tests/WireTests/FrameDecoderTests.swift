import Network
import Primitives
import Testing

@testable import Wire

/// A decoder with its budget, fed with whole reads.
struct DecoderHarness {
    var decoder = FrameDecoder()
    var budget = FrameBudget()
    var frames: [[UInt8]] = []
    var borrowed = 0
    var end: String = ""
    var violation: Violation?

    /// Feeds one read and stops after `limit` frames.
    mutating func feed(_ bytes: [UInt8], limit: Int = .max, now: Nanoseconds = 0) {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer
            var taken = 0
            while true {
                switch decoder.next(&rest, budget: &budget, now: now) {
                case .frame(let frame):
                    if case .borrowed(let inside) = frame {
                        borrowed += 1
                        if let base = buffer.baseAddress, let start = inside.baseAddress {
                            #expect(start >= base && start + inside.count <= base + buffer.count)
                        }
                    }
                    frames.append(frame.withUnsafeBytes { Array($0) })
                    taken += 1
                    if taken == limit {
                        decoder.keep(rest)
                        end = "stopped"
                        return
                    }
                case .needMore:
                    end = "needMore"
                    #expect(rest.isEmpty)
                    return
                case .waitingForBudget:
                    end = "waiting"
                    return
                case .violation(let found):
                    end = "violation"
                    violation = found
                    return
                }
            }
        }
        #expect(decoder.checkInvariants())
    }

    mutating func resume(limit: Int = .max, now: Nanoseconds = 0) {
        feed(decoder.takeKept(), limit: limit, now: now)
    }
}

func framed(_ body: [UInt8]) -> [UInt8] { prefix(UInt32(body.count)) + body }

func prefix(_ length: UInt32) -> [UInt8] { withUnsafeBytes(of: length.bigEndian, Array.init) }

func frame(of count: Int, byte: UInt8 = 7) -> [UInt8] { framed([UInt8](repeating: byte, count: count)) }

@Suite struct FrameDecoderTests {
    @Test func aWholeFrameIsNotCopied() {
        var harness = DecoderHarness()
        harness.feed(frame(of: 5) + frame(of: 1) + frame(of: 200_000))
        #expect(harness.frames.map(\.count) == [5, 1, 200_000])
        #expect(harness.borrowed == 3)
        #expect(harness.budget.peak == 0)
    }

    @Test func aFrameInPiecesIsGathered() {
        var harness = DecoderHarness()
        for byte in frame(of: 9) { harness.feed([byte]) }
        #expect(harness.frames == [[UInt8](repeating: 7, count: 9)])
        #expect(harness.borrowed == 0)
        #expect(harness.end == "needMore")
    }

    @Test func lengthZeroIsAViolation() {
        var harness = DecoderHarness()
        harness.feed(frame(of: 3) + prefix(0) + frame(of: 3))
        #expect(harness.frames.count == 1)
        #expect(harness.violation == .emptyFrame)
    }

    @Test func aFrameOfTheCapPassesAndOneByteMoreDoesNot() {
        var harness = DecoderHarness()
        harness.feed(frame(of: NetworkLimits.maxFrameBytes))
        #expect(harness.frames.map(\.count) == [NetworkLimits.maxFrameBytes])
        harness.feed(prefix(UInt32(NetworkLimits.maxFrameBytes) + 1))
        #expect(harness.violation == .frameTooLong(byteCount: NetworkLimits.maxFrameBytes + 1, limit: NetworkLimits.maxFrameBytes))
    }

    @Test(arguments: [0, 10_485_761, UInt32.max])
    func theLengthDecidesBeforeAnythingIsAllocated(_ length: UInt32) {
        var harness = DecoderHarness()
        for byte in prefix(length) { harness.feed([byte]) }
        #expect(harness.end == "violation")
        #expect(harness.decoder.gatheringCapacity == 0)
        #expect(harness.budget.peak == 0)
    }

    @Test func theCapIsConfigurable() {
        var harness = DecoderHarness()
        harness.decoder.maxFrameBytes = 10
        harness.feed(frame(of: 10))
        harness.decoder.maxFrameBytes = 11
        harness.feed(frame(of: 11) + frame(of: 12))
        #expect(harness.frames.count == 2)
        #expect(harness.violation == .frameTooLong(byteCount: 12, limit: 11))
    }

    @Test func nothingFollowsAViolation() {
        var harness = DecoderHarness()
        harness.feed(prefix(0))
        harness.violation = nil
        harness.feed(frame(of: 3))
        #expect(harness.frames.isEmpty)
        #expect(harness.violation == .emptyFrame)
    }

    @Test func theBufferGrowsWithWhatCameAndIsFreedAfterTheFrame() {
        var harness = DecoderHarness()
        let count = NetworkLimits.maxFrameBytes
        harness.feed(prefix(UInt32(count)) + [1, 2, 3])
        #expect(harness.decoder.gatheringCapacity < 1000)
        #expect(harness.budget.reserved == count)
        harness.feed([UInt8](repeating: 0, count: 50_000))
        #expect(harness.decoder.gatheringCapacity < 3 * 50_000)
        while harness.frames.isEmpty {
            harness.feed([UInt8](repeating: 0, count: min(1 << 20, count - harness.decoder.bufferedByteCount)))
            // malloc may round up to its own steps, not more.
            #expect(harness.decoder.gatheringCapacity <= count + 8192)
        }
        #expect(harness.decoder.gatheringCapacity == 0)
        #expect(harness.budget.reserved == 0)
    }

    @Test func stoppingKeepsTheRestAndResumingGoesOn() {
        var harness = DecoderHarness()
        let stream = (1...10).flatMap { frame(of: $0) }
        harness.feed(stream, limit: 3)
        #expect(harness.end == "stopped")
        #expect(harness.decoder.keptByteCount == (4...10).reduce(0) { $0 + $1 + 4 })
        harness.resume(limit: 4)
        #expect(harness.frames.map(\.count) == Array(1...7))
        harness.resume()
        #expect(harness.frames.map(\.count) == Array(1...10))
        #expect(harness.decoder.keptByteCount == 0)
    }

    @Test func tenThousandMessagesAtOnceComeInOrder() {
        var harness = DecoderHarness()
        let stream = (0..<10_000).flatMap { framed(Array("\($0)".utf8)) }
        harness.feed(stream, limit: 100)
        while harness.frames.count < 10_000 { harness.resume(limit: 100) }
        #expect(harness.frames == (0..<10_000).map { Array("\($0)".utf8) })
        #expect(harness.decoder.bufferedByteCount == 0)
    }

    @Test func anyCutsGiveTheSameFrames() {
        var random = randomRun("any cuts")
        for _ in 0..<60 {
            let bodies = (0..<random.below(30)).map { _ in random.bytes(1 + random.below(random.below(20) == 0 ? 150_000 : 300)) }
            let stream = bodies.flatMap(framed)
            var harness = DecoderHarness()
            var offset = 0
            while offset < stream.count {
                let end = min(stream.count, offset + 1 + random.below(random.below(2) == 0 ? 8 : 65_536))
                harness.feed(Array(stream[offset..<end]), limit: random.below(3) == 0 ? 1 : .max)
                while harness.decoder.keptByteCount > 0 { harness.resume(limit: 1 + random.below(5)) }
                offset = end
            }
            #expect(harness.frames == bodies)
            #expect(harness.budget.reserved == 0)
            #expect(!harness.decoder.isMidFrame)
        }
    }

    @Test func randomBytesNeverTrap() {
        var random = randomRun("random bytes")
        for _ in 0..<2000 {
            var harness = DecoderHarness()
            var bytes = random.bytes(random.below(64))
            if random.below(2) == 0, bytes.count > 2 { bytes[0...1] = [0, 0] }
            var offset = 0
            while offset < bytes.count {
                let end = min(bytes.count, offset + 1 + random.below(9))
                harness.feed(Array(bytes[offset..<end]))
                offset = end
            }
            harness.decoder.discard(budget: &harness.budget)
            #expect(harness.budget.reserved == 0)
        }
    }
}
