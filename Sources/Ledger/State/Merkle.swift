public import Primitives

/// The merkle tree of `ledger.md`: a node is SHA-256(left ‖ right), an odd node pairs with itself, one leaf is the root,
/// no leaf gives 32 zero bytes.
public enum Merkle {
    /// The root over `leaves`. About 65 ns a leaf with SHA instructions.
    public static func root(_ leaves: [Hash32]) -> Hash32 {
        var level = leaves
        var count = level.count
        while count > 1 {
            let parents = (count + 1) / 2
            for index in 0..<parents {
                let left = level[2 * index]
                let right = 2 * index + 1 < count ? level[2 * index + 1] : left
                level[index] = SHA256.hash(left, right)
            }
            count = parents
        }
        return level.first ?? .zero
    }

    /// The leaf of one state entry: SHA-256(key ‖ value).
    public static func leaf(key: ByteString, value: [UInt8]) -> Hash32 {
        SHA256.hash(key.bytes, value)
    }
}
