import Foundation
import Network
import Primitives
import Testing
import Wire

/// The page for people who write peers must say what the code does.
@Suite struct ProtocolPageTests {
    static func page() throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("docs/protocol.md"), encoding: .utf8)
    }

    @Test func theTableOfLimitsIsTheCodes() throws {
        let limits: [String: Int] = [
            "maxFrameBytes": NetworkLimits.maxFrameBytes, "maxFirstFrameBytes": NetworkLimits.maxFirstFrameBytes,
            "freeFrameBytes": NetworkLimits.freeFrameBytes, "frameBudgetBytes": NetworkLimits.frameBudgetBytes,
            "minFrameBytesPerSecond": Int(NetworkLimits.minFrameBytesPerSecond), "maxJSONDepth": NetworkLimits.maxJSONDepth,
            "maxUnknownKeys": NetworkLimits.maxUnknownKeys, "rangeCount": NetworkLimits.rangeCount,
            "maxResponseBlocks": NetworkLimits.maxResponseBlocks, "maxPeerListCount": NetworkLimits.maxPeerListCount,
            "maxBatchTransactions": NetworkLimits.maxBatchTransactions, "maxControlPayloadBytes": NetworkLimits.maxControlPayloadBytes,
            "maxVersionBytes": NetworkLimits.maxVersionBytes, "maxChainIDBytes": NetworkLimits.maxChainIDBytes,
            "maxNodeTypeBytes": NetworkLimits.maxNodeTypeBytes, "maxCapabilities": NetworkLimits.maxCapabilities,
            "maxCapabilityBytes": NetworkLimits.maxCapabilityBytes, "messagesPerSecond": NetworkLimits.messagesPerSecond,
            "messageBurst": NetworkLimits.messageBurst,
        ]
        var told: [String: Int] = [:]
        for line in try Self.page().split(separator: "\n") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 2, cells[0].hasPrefix("`"), let value = Int(cells[1]) else { continue }
            told[cells[0].trimmingCharacters(in: ["`"])] = value
        }
        #expect(told == limits)
    }

    @Test func everyMessageTypeAndCapabilityIsNamed() throws {
        let page = try Self.page()
        for type in MessageType.allCases { #expect(page.contains("| \(type.rawValue) | ")) }
        for capability in Capability.all { #expect(page.contains("`\(capability)`")) }
    }

    @Test func theFrameAllowanceIsThePages() throws {
        #expect(try Self.page().contains("10 s + N / 256 KiB per second"))
        #expect(NetworkLimits.frameAllowance(byteCount: 256 * 1024) == .seconds(11))
        #expect(NetworkLimits.minFrameBytesPerSecond == 256 * 1024)
    }
}
