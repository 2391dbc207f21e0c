/// The number of insertions, deletions, replacements and swaps of neighbours between two names, without regard to
/// case and with `-` for `_` (optimal string alignment). Names are cut to 64 characters: O(64²).
func editDistance(_ left: String, _ right: String) -> Int {
    let a = comparable(left)
    let b = comparable(right)
    // Three rows of the table: the one being filled, the one above and, for swaps, the one above that.
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var best = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
            row.append(best)
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}

private func comparable(_ name: String) -> [Character] {
    name.lowercased().prefix(64).map { $0 == "-" ? "_" : $0 }
}
