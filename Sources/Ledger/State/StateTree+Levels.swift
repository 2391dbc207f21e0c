internal import Primitives

// The levels above the leaves: nodes that only moved are moved, the others hashed.

extension StateTree {
    /// Brings each level above the leaves up to date from the one below it.
    mutating func rebuildLevels(_ runs: inout [MovedRun], _ workers: Workers?) {
        var level = 0
        while levels[level].count > 1 {
            if levels.count == level + 1 { levels.append([]) }
            runs = runs.compactMap { run in
                guard run.shift.isMultiple(of: 2) else { return nil }
                let parents = MovedRun(start: (run.start + 1) / 2, end: run.end / 2, shift: run.shift / 2)
                return parents.start < parents.end ? parents : nil
            }
            let newCount = (levels[level].count + 1) / 2
            StateTree.move(&levels[level + 1], runs, newCount: newCount, filler: .zero)
            hashGaps(of: level + 1, between: runs, workers)
            level += 1
        }
        if levels[0].isEmpty {
            levels.removeAll()
        } else {
            levels.removeLast(levels.count - level - 1)
        }
    }

    /// Hashes the nodes of `level` that no run holds.
    private mutating func hashGaps(of level: Int, between runs: [MovedRun], _ workers: Workers?) {
        // Taken out and put back, so that parents and children are two variables and nothing is copied.
        var nodes: [Hash32] = []
        swap(&nodes, &levels[level])
        nodes.withUnsafeMutableBufferPointer { parents in
            levels[level - 1].withUnsafeBufferPointer { children in
                let kept = runs.reduce(0) { $0 + $1.end - $1.start }
                if let workers, parents.count - kept >= StateTree.parallelThreshold {
                    // Unsafe in that threads share the buffers: they write disjoint halves of the parents and only read the
                    // children, and `workers` returns when they are done.
                    nonisolated(unsafe) let (children, parents) = (children, parents)
                    let middle = StateTree.middleOfGaps(between: runs, count: parents.count - kept)
                    workers(2) { half in
                        let range = half == 0 ? 0..<middle : middle..<parents.count
                        StateTree.forGaps(between: runs, in: range) {
                            SHA256.hashNodes(children, into: parents, at: $0)
                        }
                    }
                } else {
                    StateTree.forGaps(between: runs, in: 0..<parents.count) {
                        SHA256.hashNodes(children, into: parents, at: $0)
                    }
                }
            }
        }
        swap(&nodes, &levels[level])
    }

    /// The index before which half of the `count` nodes that no run holds stand.
    private static func middleOfGaps(between runs: [MovedRun], count: Int) -> Int {
        var left = count / 2
        var next = 0
        for run in runs {
            if run.start - next >= left { break }
            left -= run.start - next
            next = run.end
        }
        return next + left
    }

    /// Calls `body` with the indexes of `range` that no run holds, in order, a few hundred at a time.
    private static func forGaps(between runs: [MovedRun], in range: Range<Int>, _ body: (UnsafeBufferPointer<Int>) -> Void) {
        let batch = 256
        withUnsafeTemporaryAllocation(of: Int.self, capacity: batch) { indexes in
            var count = 0
            var next = 0
            func add(_ gap: Range<Int>) {
                for index in gap.clamped(to: range) {
                    indexes[count] = index
                    count += 1
                    if count == batch {
                        body(UnsafeBufferPointer(indexes))
                        count = 0
                    }
                }
            }
            for run in runs {
                add(next..<run.start)
                next = run.end
            }
            add(next..<max(next, range.upperBound))
            body(UnsafeBufferPointer(rebasing: indexes[..<count]))
        }
    }
}
