import Testing

@testable import API

@Suite struct CrowdMarkTests {
    @Test func aCrowdThatHasGoneIsToldOnce() {
        var mark = CrowdMark()
        expect(&mark, 1000, false)
        expect(&mark, 251, false)
        expect(&mark, 250, true)
        expect(&mark, 0, false)
    }

    @Test func aFewClientsAreNoCrowd() {
        var mark = CrowdMark()
        expect(&mark, CrowdMark.crowd - 1, false)
        expect(&mark, 0, false)
        #expect(mark.peak == CrowdMark.crowd - 1)
    }

    @Test func theNextCrowdIsToldToo() {
        var mark = CrowdMark()
        for _ in 0..<2 {
            expect(&mark, 400, false)
            expect(&mark, 3, true)
        }
    }

    private func expect(_ mark: inout CrowdMark, _ count: Int, _ hasGone: Bool, at location: SourceLocation = #_sourceLocation) {
        let told = mark.hasGone(now: count)
        #expect(told == hasGone, "\(count) clients", sourceLocation: location)
    }
}
