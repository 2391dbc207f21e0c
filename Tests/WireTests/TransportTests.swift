import Network
import Primitives
import Testing

@testable import Wire

@Suite struct TransportTests {
    private let block = Message.block([UInt8](repeating: 0x20, count: 70_000))

    @Test func theFirstFrameIsNoLongerThanAHandshake() throws {
        var transport = Transport()
        #expect(try step(&transport, #require(Dialect.podoru.encode(block, timestamp: 0))) == "frame_too_long")
    }

    @Test func aPeerThatHasShakenHandsMaySendLongerOnes() throws {
        var transport = Transport()
        transport.limitFrames(to: NetworkLimits.maxFrameBytes)
        #expect(try step(&transport, #require(Dialect.podoru.encode(block, timestamp: 0))) == "frame")
    }

    @Test func aSealedFrameIsTheFrameThatAllReceiversShare() throws {
        var transport = Transport()
        let frame = try #require(Dialect.podoru.encode(.ping(Ping(nonce: 1, height: 2)), timestamp: 0))
        let sealed = transport.seal(frame)
        let isShared = frame.withUnsafeBytes { mine in sealed.withUnsafeBytes { $0.baseAddress == mine.baseAddress } }
        #expect(isShared)
    }

    private func step(_ transport: inout Transport, _ bytes: [UInt8]) -> String {
        var budget = FrameBudget()
        return bytes.withUnsafeBytes { buffer in
            var rest = buffer
            switch transport.next(&rest, budget: &budget, now: 0) {
            case .frame: return "frame"
            case .needMore: return "more"
            case .waitingForBudget: return "budget"
            case .violation(let violation): return violation.name
            }
        }
    }
}
