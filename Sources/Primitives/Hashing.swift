internal import CHash

/// SHA-256 (FIPS 180-4): block and transaction hashes, merkle nodes, state leaves.
///
/// Runs on the processor's SHA instructions where it has them, on portable C otherwise. Allocates nothing.
public enum SHA256 {
    /// The hash of `bytes`. About 1.5 GB/s with SHA instructions.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> Hash32 {
        var result = Hash32()
        result.withUnsafeMutableBytes { chash_sha256(bytes.baseAddress, bytes.count, nil, 0, $0.baseAddress) }
        return result
    }

    /// The hash of `bytes`.
    public static func hash(_ bytes: [UInt8]) -> Hash32 {
        bytes.withUnsafeBytes { hash($0) }
    }

    /// The hash of two hashes one after the other: a merkle node (`ledger.md`, "Merkle and state root").
    /// About 80 ns with SHA instructions, the cost of two blocks.
    public static func hash(_ left: Hash32, _ right: Hash32) -> Hash32 {
        var result = Hash32()
        Swift.withUnsafeBytes(of: left) { left in
            Swift.withUnsafeBytes(of: right) { right in
                result.withUnsafeMutableBytes { chash_sha256_node(left.baseAddress, right.baseAddress, $0.baseAddress) }
            }
        }
        return result
    }

    /// Nodes of one level of a merkle tree: parent i of children 2i and 2i + 1, the last odd child paired with itself.
    /// Computes the parents that `indexes` names, each in its place. About 45 ns each with SHA instructions: two run at
    /// a time. Every index must name a parent: traps on one beyond `(children.count + 1) / 2` or `parents`.
    public static func hashNodes(
        _ children: UnsafeBufferPointer<Hash32>, into parents: UnsafeMutableBufferPointer<Hash32>,
        at indexes: UnsafeBufferPointer<Int>
    ) {
        let limit = min(parents.count, (children.count + 1) / 2)
        precondition(indexes.allSatisfy { (0..<limit).contains($0) }, "a merkle node outside its level")
        indexes.withMemoryRebound(to: UInt.self) { indexes in
            chash_sha256_nodes(
                children.baseAddress, children.count, indexes.baseAddress, indexes.count, parents.baseAddress)
        }
    }

    /// The hash of `first` followed by `second`, without joining them: a state leaf.
    public static func hash(_ first: [UInt8], _ second: [UInt8]) -> Hash32 {
        var result = Hash32()
        first.withUnsafeBytes { first in
            second.withUnsafeBytes { second in
                result.withUnsafeMutableBytes {
                    chash_sha256(first.baseAddress, first.count, second.baseAddress, second.count, $0.baseAddress)
                }
            }
        }
        return result
    }
}

/// Keccak-256 with the original padding, as Ethereum uses it for addresses; SHA3-256 gives other hashes.
public enum Keccak256 {
    /// The hash of `bytes`. About 0.5 µs for up to 135 bytes.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> Hash32 {
        var result = Hash32()
        result.withUnsafeMutableBytes { chash_keccak256(bytes.baseAddress, bytes.count, $0.baseAddress) }
        return result
    }

    /// The hash of `bytes`.
    public static func hash(_ bytes: [UInt8]) -> Hash32 {
        bytes.withUnsafeBytes { hash($0) }
    }
}
