import Primitives
import Testing

/// `SHA256.hashNodes` runs two hashes at a time; each must be what one at a time gives.
@Suite struct MerkleNodeTests {
    private func nodes(_ children: [Hash32], at indexes: [Int]) -> [Hash32] {
        var parents = [Hash32](repeating: .zero, count: (children.count + 1) / 2)
        parents.withUnsafeMutableBufferPointer { parents in
            children.withUnsafeBufferPointer { children in
                indexes.withUnsafeBufferPointer { SHA256.hashNodes(children, into: parents, at: $0) }
            }
        }
        return parents
    }

    @Test(arguments: 0...9)
    func everyNodeOfALevelIsTheHashOfItsChildren(count: Int) {
        let children = (0..<count).map { SHA256.hash([UInt8($0)]) }
        let expected = stride(from: 0, to: count, by: 2).map { index in
            SHA256.hash(children[index], index + 1 < count ? children[index + 1] : children[index])
        }
        #expect(nodes(children, at: Array(expected.indices)) == expected)
    }

    @Test func onlyTheNamedNodesAreWritten() {
        let children = (0..<20).map { SHA256.hash([UInt8($0)]) }
        let parents = nodes(children, at: [7, 1, 9])
        for index in parents.indices {
            let expected = [1, 7, 9].contains(index) ? SHA256.hash(children[2 * index], children[2 * index + 1]) : .zero
            #expect(parents[index] == expected)
        }
    }
}
