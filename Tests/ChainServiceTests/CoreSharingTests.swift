import Testing

@testable import ChainService

@Suite struct CoreSharingTests {
    @Test func aYieldThatTookLongIsNotFollowedByOthers() {
        let sharing = CoreSharing()
        #expect(!sharing.rests(at: 0))
        sharing.took(3_000_000, at: 1_000_000)
        #expect(sharing.rests(at: 4_000_000))
        #expect(sharing.rests(at: 63_999_999))
        #expect(!sharing.rests(at: 64_000_000))
    }

    @Test func yieldsAmongTheNodesOwnThreadsGoOn() {
        let sharing = CoreSharing()
        sharing.took(CoreSharing.patience, at: 0)
        #expect(!sharing.rests(at: CoreSharing.patience))
    }

    @Test func theWorkIsDone() {
        #expect(CoreSharing().work(on: 20) { $0 + 1 } == 21)
    }
}
