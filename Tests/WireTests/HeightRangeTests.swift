import Network
import Testing
import Wire

@Suite struct HeightRangeTests {
    @Test func aRangeIsNeverEmpty() {
        #expect(HeightRange(first: 2, last: 1) == nil)
        #expect(HeightRange(first: 2, last: 2)?.count == 1)
        #expect(HeightRange(first: 5, count: 0) == HeightRange(5))
    }

    @Test func countingDoesNotOverflow() throws {
        let all = try #require(HeightRange(first: 0, last: .max))
        #expect(all.count == Int.max)
        #expect(all.prefix(100) == HeightRange(first: 0, last: 99))
        #expect(HeightRange(first: .max - 1, count: 100).last == .max)
    }

    @Test func aPrefixIsAtMostTheRange() throws {
        let range = try #require(HeightRange(first: 101, last: 200))
        #expect(range.count == 100)
        #expect(range.prefix(100) == range)
        #expect(range.prefix(7).description == "101-107")
        #expect(range.contains(101) && range.contains(200) && !range.contains(100) && !range.contains(201))
    }
}
