public import Primitives

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The merkle tree over the whole state, kept up to date by what changes instead of being built for each block.
///
/// ```
///   keyBytes     a a b b b c …      the sorted keys, one after the other
///   offsets      0   2     5 6 …    where each begins, and the end
///   levels[0]    h0  h1    h2 …     SHA-256(key ‖ value)
///   levels[1]    h01       h23 …    SHA-256(left ‖ right), the last odd one with itself
///   …
/// ```
///
/// Values are not kept: the store has them. 100,000 keys of 24 bytes take about 10 MB.
///
/// `apply` makes one pass over a block's sorted writes. An updated key costs its leaf and the path above it. An
/// inserted or deleted key shifts all leaves behind it, which the reference's way of pairing by position answers with
/// other nodes up to the end; where the shifts add up to an even number the old nodes still stand, a place further, and
/// are moved instead of hashed. Undo is `apply` of the old values: nothing is ever copied as a whole.
///
/// Measured for 30 writes at 100,000 keys: see `docs/` and `LedgerPerformanceTests`.
public struct StateTree: Sendable {
    private var keyBytes: [UInt8] = []
    /// One more than there are keys; the last is `keyBytes.count`.
    private var offsets: [Int] = [0]
    /// From the leaves up to the one root. Empty when there are no keys.
    private var levels: [[Hash32]] = []

    /// The tree of the empty state.
    public init() {}

    /// The number of keys.
    public var count: Int { offsets.count - 1 }

    /// The state root: 32 zero bytes when there are no keys.
    public var root: Hash32 { levels.last?.first ?? .zero }

    /// Changes the tree by `writes` and returns the new root. Writes must be in strictly ascending bytewise order of their
    /// keys; deleting an absent key changes nothing. O(writes × log keys), and O(keys) when keys come or go.
    @discardableResult
    public mutating func apply(_ writes: [StateWrite]) -> Hash32 {
        let edits = locate(writes)
        guard !edits.isEmpty else { return root }
        var runs = leafRuns(edits)
        editKeys(edits)
        editLeaves(edits, runs)
        rebuildLevels(&runs)
        return root
    }
}

// MARK: Finding the places

/// A stretch of elements that only moved: `start..<end` after the change, `shift` places behind where they were.
private struct Run {
    var start: Int
    var end: Int
    var shift: Int
}

/// What one write does to the sorted keys.
private struct Edit {
    enum Kind { case update, insert, delete }
    var kind: Kind
    /// The index among the old keys: of the key itself, or of the one it is inserted in front of.
    var position: Int
    var key: ByteString
    var leaf: Hash32
}

extension StateTree {
    private func locate(_ writes: [StateWrite]) -> [Edit] {
        var edits: [Edit] = []
        edits.reserveCapacity(writes.count)
        var from = 0
        for write in writes {
            let (position, found) = search(write.key, from: from)
            from = position
            if let value = write.value {
                let leaf = Merkle.leaf(key: write.key, value: value)
                edits.append(Edit(kind: found ? .update : .insert, position: position, key: write.key, leaf: leaf))
            } else if found {
                edits.append(Edit(kind: .delete, position: position, key: write.key, leaf: .zero))
            }
        }
        return edits
    }

    /// The index of the first key that is not below `key`, and whether it equals it.
    private func search(_ key: ByteString, from start: Int) -> (position: Int, found: Bool) {
        keyBytes.withUnsafeBytes { keys in
            offsets.withUnsafeBufferPointer { offsets in
                key.bytes.withUnsafeBytes { key in
                    var low = start
                    var high = offsets.count - 1
                    while low < high {
                        let middle = low + (high - low) / 2
                        let stored = UnsafeRawBufferPointer(rebasing: keys[offsets[middle]..<offsets[middle + 1]])
                        let order = StateTree.compare(stored, key)
                        if order == 0 { return (middle, true) }
                        if order < 0 { low = middle + 1 } else { high = middle }
                    }
                    return (low, false)
                }
            }
        }
    }

    private static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let common = min(left.count, right.count)
        if common > 0, let a = left.baseAddress, let b = right.baseAddress {
            let order = memcmp(a, b, common)
            if order != 0 { return Int(order) }
        }
        return left.count - right.count
    }

    /// The stretches of leaves that stay, between the edits.
    private func leafRuns(_ edits: [Edit]) -> [Run] {
        var runs: [Run] = []
        runs.reserveCapacity(edits.count + 1)
        var next = 0
        var shift = 0
        for edit in edits {
            if edit.position > next { runs.append(Run(start: next + shift, end: edit.position + shift, shift: shift)) }
            switch edit.kind {
            case .update: next = edit.position + 1
            case .insert:
                next = edit.position
                shift += 1
            case .delete:
                next = edit.position + 1
                shift -= 1
            }
        }
        if next < count { runs.append(Run(start: next + shift, end: count + shift, shift: shift)) }
        return runs
    }
}

// MARK: Changing the arrays

extension StateTree {
    /// Moves each run to its place. Sources and targets are both in ascending order and do not overlap among themselves, so
    /// moving what goes left from the left, and what goes right from the right, never overwrites what is yet to move.
    private static func move<T>(_ array: inout [T], _ runs: [Run], newCount: Int, filler: T) {
        if newCount > array.count {
            array.append(contentsOf: repeatElement(filler, count: newCount - array.count))
        }
        array.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            for run in runs where run.shift < 0 {
                (base + run.start).update(from: base + (run.start - run.shift), count: run.end - run.start)
            }
            for run in runs.reversed() where run.shift > 0 {
                (base + run.start).update(from: base + (run.start - run.shift), count: run.end - run.start)
            }
        }
        if newCount < array.count { array.removeLast(array.count - newCount) }
    }

    /// Brings the sorted keys up to date. Nothing to do when all keys stay.
    private mutating func editKeys(_ edits: [Edit]) {
        guard edits.contains(where: { $0.kind != .update }) else { return }
        // The runs once more, in bytes and in offsets; here updates do not end a run.
        let structural = edits.filter { $0.kind != .update }
        var byteRuns: [Run] = []
        var offsetRuns: [Run] = []
        var inserted: [(index: Int, offset: Int, key: ByteString)] = []
        var next = 0
        var shift = 0
        var byteShift = 0
        func addRun(upTo position: Int) {
            guard position > next else { return }
            offsetRuns.append(Run(start: next + shift, end: position + shift, shift: shift))
            byteRuns.append(Run(start: offsets[next] + byteShift, end: offsets[position] + byteShift, shift: byteShift))
        }
        for edit in structural {
            addRun(upTo: edit.position)
            next = edit.position
            if edit.kind == .insert {
                inserted.append((edit.position + shift, offsets[edit.position] + byteShift, edit.key))
                shift += 1
                byteShift += edit.key.count
            } else {
                next += 1
                shift -= 1
                byteShift -= edit.key.count
            }
        }
        addRun(upTo: count)
        let newCount = count + shift
        let newBytes = keyBytes.count + byteShift
        StateTree.move(&keyBytes, byteRuns, newCount: newBytes, filler: 0)
        StateTree.move(&offsets, offsetRuns, newCount: newCount + 1, filler: 0)
        for (run, bytes) in zip(offsetRuns, byteRuns) where bytes.shift != 0 {
            for index in run.start..<run.end { offsets[index] += bytes.shift }
        }
        offsets[newCount] = newBytes
        for (index, offset, key) in inserted {
            offsets[index] = offset
            keyBytes.replaceSubrange(offset..<offset + key.count, with: key.bytes)
        }
    }

    private mutating func editLeaves(_ edits: [Edit], _ runs: [Run]) {
        var shift = 0
        var changed: [(index: Int, leaf: Hash32)] = []
        changed.reserveCapacity(edits.count)
        for edit in edits {
            switch edit.kind {
            case .update: changed.append((edit.position + shift, edit.leaf))
            case .insert:
                changed.append((edit.position + shift, edit.leaf))
                shift += 1
            case .delete: shift -= 1
            }
        }
        if levels.isEmpty { levels.append([]) }
        StateTree.move(&levels[0], runs, newCount: levels[0].count + shift, filler: .zero)
        for (index, leaf) in changed { levels[0][index] = leaf }
    }

    /// Brings each level above the leaves up to date from the one below it.
    private mutating func rebuildLevels(_ runs: inout [Run]) {
        var level = 0
        while levels[level].count > 1 {
            if levels.count == level + 1 { levels.append([]) }
            runs = runs.compactMap { run in
                guard run.shift.isMultiple(of: 2) else { return nil }
                let parents = Run(start: (run.start + 1) / 2, end: run.end / 2, shift: run.shift / 2)
                return parents.start < parents.end ? parents : nil
            }
            let newCount = (levels[level].count + 1) / 2
            StateTree.move(&levels[level + 1], runs, newCount: newCount, filler: .zero)
            hashGaps(of: level + 1, between: runs)
            level += 1
        }
        if levels[0].isEmpty {
            levels.removeAll()
        } else {
            levels.removeLast(levels.count - level - 1)
        }
    }

    /// Hashes the nodes of `level` that no run holds.
    private mutating func hashGaps(of level: Int, between runs: [Run]) {
        // Taken out and put back, so that parents and children are two variables and nothing is copied.
        var nodes: [Hash32] = []
        swap(&nodes, &levels[level])
        nodes.withUnsafeMutableBufferPointer { parents in
            levels[level - 1].withUnsafeBufferPointer { children in
                var next = 0
                for run in runs {
                    StateTree.hashNodes(children, into: parents, next..<run.start)
                    next = run.end
                }
                StateTree.hashNodes(children, into: parents, next..<parents.count)
            }
        }
        swap(&nodes, &levels[level])
    }

    private static func hashNodes(
        _ children: UnsafeBufferPointer<Hash32>, into parents: UnsafeMutableBufferPointer<Hash32>, _ range: Range<Int>
    ) {
        for index in range {
            let left = children[2 * index]
            let right = 2 * index + 1 < children.count ? children[2 * index + 1] : left
            parents[index] = SHA256.hash(left, right)
        }
    }
}

// MARK: Building

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

        /// The tree. About 65 ns an entry with SHA instructions.
        public consuming func finish() -> StateTree {
            guard !leaves.isEmpty else { return tree }
            tree.levels = [leaves]
            var runs: [Run] = []
            tree.rebuildLevels(&runs)
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
