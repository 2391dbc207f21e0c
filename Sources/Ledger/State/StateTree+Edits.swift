internal import Primitives

// The keys and the leaves, brought up to date in place.

extension StateTree {
    /// Moves each run to its place. Sources and targets are both in ascending order and do not overlap among themselves, so
    /// moving what goes left from the left, and what goes right from the right, never overwrites what is yet to move.
    static func move<T>(_ array: inout [T], _ runs: [MovedRun], newCount: Int, filler: T) {
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
    mutating func editKeys(_ edits: [TreeEdit]) {
        guard edits.contains(where: { $0.kind != .update }) else { return }
        // The runs once more, in bytes and in offsets; here updates do not end a run.
        let structural = edits.filter { $0.kind != .update }
        var byteRuns: [MovedRun] = []
        var offsetRuns: [MovedRun] = []
        var inserted: [(index: Int, offset: Int, key: ByteString)] = []
        var next = 0
        var shift = 0
        var byteShift = 0
        func addRun(upTo position: Int) {
            guard position > next else { return }
            offsetRuns.append(MovedRun(start: next + shift, end: position + shift, shift: shift))
            byteRuns.append(MovedRun(start: offsets[next] + byteShift, end: offsets[position] + byteShift, shift: byteShift))
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

    mutating func editLeaves(_ edits: [TreeEdit], _ runs: [MovedRun]) {
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
}
