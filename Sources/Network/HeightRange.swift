/// An inclusive range of block heights, never empty: `first <= last`.
public struct HeightRange: Hashable, Sendable {
    public let first: UInt64
    public let last: UInt64

    /// `nil` when `last` is below `first`.
    public init?(first: UInt64, last: UInt64) {
        guard first <= last else { return nil }
        self.first = first
        self.last = last
    }

    /// One height.
    public init(_ height: UInt64) {
        first = height
        last = height
    }

    /// At most `count` heights from `first` on (`count` below 1 counts as 1), ending at the greatest height there is.
    public init(first: UInt64, count: Int) {
        self.first = first
        let (end, overflow) = first.addingReportingOverflow(UInt64(max(count, 1) - 1))
        last = overflow ? .max : end
    }

    /// The number of heights, or `Int.max` when there are more.
    public var count: Int {
        let distance = last - first
        return distance >= UInt64(Int.max) ? Int.max : Int(distance) + 1
    }

    public func contains(_ height: UInt64) -> Bool { first <= height && height <= last }

    /// The first `count` heights of this range; the range itself when it has no more than that.
    public func prefix(_ count: Int) -> HeightRange {
        self.count <= count ? self : HeightRange(first: first, count: count)
    }
}

extension HeightRange: CustomStringConvertible {
    /// As a BlockRequest carries it: `101-200`.
    public var description: String { "\(first)-\(last)" }
}
