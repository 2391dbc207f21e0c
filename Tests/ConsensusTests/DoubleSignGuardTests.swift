import Consensus
import Primitives
import Testing

@Suite struct DoubleSignGuardTests {
    let first = hash(1)
    let second = hash(2)

    static func hash(_ byte: UInt8) -> Hash32 {
        Hash32([UInt8](repeating: byte, count: 32)) ?? .zero
    }

    @Test func aNewKeyMaySignAnyHeight() throws {
        let fresh = try DoubleSignGuard(metadata: nil)
        #expect(fresh.verdict(height: 0, hash: first) == .sign)
        #expect(fresh.verdict(height: .max, hash: first) == .sign)
    }

    @Test func aSecondBlockOfOneHeightIsRefused() {
        var signatures = DoubleSignGuard()
        _ = signatures.record(height: 7, hash: first)
        let signed = DoubleSignGuard.SignedBlock(height: 7, hash: first)
        #expect(signatures.verdict(height: 7, hash: second) == .refuse(signed))
        #expect(signatures.verdict(height: 6, hash: second) == .refuse(signed))
        #expect(signatures.verdict(height: 8, hash: second) == .sign)
    }

    @Test func theSameBlockMayBeSignedAgain() {
        var signatures = DoubleSignGuard()
        _ = signatures.record(height: 7, hash: first)
        #expect(signatures.verdict(height: 7, hash: first) == .signAgain)
    }

    @Test func theRecordSurvivesARestart() throws {
        var signatures = DoubleSignGuard()
        let stored = signatures.record(height: 0x0102_0304_0506_0708, hash: first)
        let restarted = try DoubleSignGuard(metadata: stored)
        #expect(restarted == signatures)
        #expect(restarted.verdict(height: 0x0102_0304_0506_0708, hash: second) != .sign)
        #expect(stored.count == 41)
    }

    @Test func recordingARefusedBlockChangesNothing() throws {
        var signatures = DoubleSignGuard()
        let stored = signatures.record(height: 7, hash: first)
        #expect(signatures.record(height: 7, hash: second) == stored)
        #expect(signatures.last == DoubleSignGuard.SignedBlock(height: 7, hash: first))
    }

    @Test(arguments: [[], [1], [UInt8](repeating: 1, count: 40), [UInt8](repeating: 1, count: 42), [UInt8](repeating: 2, count: 41)])
    func aRecordThatCannotBeReadStopsSigning(metadata: [UInt8]) {
        #expect(throws: DoubleSignGuardError.unreadable(byteCount: metadata.count)) {
            try DoubleSignGuard(metadata: metadata)
        }
    }

    @Test func eachKeyHasItsOwnRecord() {
        let authorities = Authorities(count: 2)
        let keys = authorities.addresses.map(DoubleSignGuard.metadataKey(for:))
        #expect(keys[0] != keys[1])
    }
}
