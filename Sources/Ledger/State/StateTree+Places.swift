internal import CHash
internal import Primitives

// Where a block's writes fall among the sorted keys.

/// A stretch of a tree's elements that only moved: `start..<end` after the change, `shift` places behind where they were.
struct MovedRun {
    var start: Int
    var end: Int
    var shift: Int
}

/// What one write does to the sorted keys.
struct TreeEdit {
    enum Kind { case update, insert, delete }
    var kind: Kind
    /// The index among the old keys: of the key itself, or of the one it is inserted in front of.
    var position: Int
    var key: ByteString
    var leaf: Hash32
}

extension StateTree {
    func locate(_ writes: [StateWrite]) -> [TreeEdit] {
        var edits: [TreeEdit] = []
        edits.reserveCapacity(writes.count)
        var from = 0
        for write in writes {
            let (position, found) = search(write.key, from: from)
            from = position
            if let value = write.value {
                let leaf = Merkle.leaf(key: write.key, value: value)
                edits.append(TreeEdit(kind: found ? .update : .insert, position: position, key: write.key, leaf: leaf))
            } else if found {
                edits.append(TreeEdit(kind: .delete, position: position, key: write.key, leaf: .zero))
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
            let order = chash_compare(a, b, common)
            if order != 0 { return Int(order) }
        }
        return left.count - right.count
    }

    /// The stretches of leaves that stay, between the edits.
    func leafRuns(_ edits: [TreeEdit]) -> [MovedRun] {
        var runs: [MovedRun] = []
        runs.reserveCapacity(edits.count + 1)
        var next = 0
        var shift = 0
        for edit in edits {
            if edit.position > next { runs.append(MovedRun(start: next + shift, end: edit.position + shift, shift: shift)) }
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
        if next < count { runs.append(MovedRun(start: next + shift, end: count + shift, shift: shift)) }
        return runs
    }
}
