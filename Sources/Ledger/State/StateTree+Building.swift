public import Primitives

// A whole tree at once, and what must hold of every tree.

extension StateTree {
    /// Builds a tree from entries in ascending order: at start, from the store.
    public struct Builder {
        private var tree = StateTree()
        private var leaves: [Hash32] = []

        public init() {}

        /// Adds an entry, whose key must be above the one before it.
        public mutating func append(key: ByteString, value: [UInt8]) {
            tree.keyBytes.append(contentsOf: key.bytes)
            tree.offsets.append(tree.keyBytes.count)
            leaves.append(Merkle.leaf(key: key, value: value))
        }

        /// The tree. About 60 ns an entry with SHA instructions.
        public consuming func finish() -> StateTree {
            guard !leaves.isEmpty else { return tree }
            tree.levels = [leaves]
            var runs: [MovedRun] = []
            tree.rebuildLevels(&runs, nil)
            return tree
        }
    }

    /// Builds the whole tree anew from `entries`, in any order: for tests and for small states.
    public init(_ entries: some Sequence<(key: ByteString, value: [UInt8])>) {
        var builder = Builder()
        for entry in entries.sorted(by: { $0.key < $1.key }) { builder.append(key: entry.key, value: entry.value) }
        self = builder.finish()
    }

    /// The keys in order. For tests: allocates each.
    public var keys: [ByteString] {
        (0..<count).map { ByteString(Array(keyBytes[offsets[$0]..<offsets[$0 + 1]])) }
    }

    /// Checks what must always hold, for tests: keys ascend strictly, every level is half the one below, every node is the
    /// hash of its children. Returns what is wrong, or nil.
    public func checkInvariants() -> String? {
        guard offsets.first == 0, offsets.last == keyBytes.count else { return "the offsets do not cover the keys" }
        let keys = keys
        for (left, right) in zip(keys, keys.dropFirst()) where !(left < right) { return "\(left) is not below \(right)" }
        guard (levels.first?.count ?? 0) == count else { return "there are \(levels.first?.count ?? 0) leaves for \(count) keys" }
        for level in 1..<max(1, levels.count) {
            let below = levels[level - 1]
            guard levels[level].count == (below.count + 1) / 2 else { return "level \(level) has a wrong size" }
            for (index, node) in levels[level].enumerated() {
                let right = 2 * index + 1 < below.count ? below[2 * index + 1] : below[2 * index]
                if node != SHA256.hash(below[2 * index], right) { return "node \(index) of level \(level) is wrong" }
            }
        }
        return levels.isEmpty || levels.last?.count == 1 ? nil : "there is no single root"
    }
}
