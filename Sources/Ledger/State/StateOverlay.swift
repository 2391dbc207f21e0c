internal import Primitives

/// Changes of the state on top of what a ledger holds, with a way back to the last mark.
///
/// A key is read from the ledger at most once, and only where its old value matters.
struct StateOverlay {
    private struct Entry {
        var key: ByteString
        /// The value below, once `isOldKnown`.
        var old: [UInt8]?
        var isOldKnown: Bool
        /// The value here, once `isWritten`.
        var new: [UInt8]?
        var isWritten: Bool
    }

    private let base: any LedgerReading
    private var indexes: [ByteString: Int] = [:]
    private var entries: [Entry] = []
    /// What each write since the mark replaced, newest last.
    private var journal: [(index: Int, new: [UInt8]?, isWritten: Bool)] = []

    /// Room for `expectedCount` keys is reserved.
    init(base: any LedgerReading, expectedCount: Int) {
        self.base = base
        indexes.reserveCapacity(expectedCount)
        entries.reserveCapacity(expectedCount)
    }

    /// The value of `key`, nil when it does not exist. Throws what the ledger throws.
    mutating func value(_ key: ByteString) throws -> [UInt8]? {
        if let index = indexes[key] {
            if entries[index].isWritten { return entries[index].new }
            if entries[index].isOldKnown { return entries[index].old }
            entries[index].old = try base.stateValue(key)
            entries[index].isOldKnown = true
            return entries[index].old
        }
        let old = try base.stateValue(key)
        add(Entry(key: key, old: old, isOldKnown: true, new: nil, isWritten: false))
        return old
    }

    /// Sets `key`, or deletes it with nil.
    mutating func set(_ key: ByteString, _ value: [UInt8]?) {
        if let index = indexes[key] {
            journal.append((index, entries[index].new, entries[index].isWritten))
            entries[index].new = value
            entries[index].isWritten = true
        } else {
            journal.append((entries.count, nil, false))
            add(Entry(key: key, old: nil, isOldKnown: false, new: value, isWritten: true))
        }
    }

    private mutating func add(_ entry: Entry) {
        indexes[entry.key] = entries.count
        entries.append(entry)
    }

    /// Makes the present state the one that `rollback` returns to.
    mutating func mark() {
        journal.removeAll(keepingCapacity: true)
    }

    /// Takes back every write since the last mark.
    mutating func rollback() {
        for (index, new, isWritten) in journal.reversed() {
            entries[index].new = new
            entries[index].isWritten = isWritten
        }
        journal.removeAll(keepingCapacity: true)
    }

    /// What changed, in bytewise order of the keys, and what was there before. Keys that end as they began are left out.
    func changes() throws -> (writes: [StateWrite], oldValues: [StateWrite]) {
        let written = entries.indices.filter { entries[$0].isWritten }.sorted { entries[$0].key < entries[$1].key }
        var writes: [StateWrite] = []
        var oldValues: [StateWrite] = []
        writes.reserveCapacity(written.count)
        oldValues.reserveCapacity(written.count)
        for index in written {
            let key = entries[index].key
            let old = entries[index].isOldKnown ? entries[index].old : try base.stateValue(key)
            guard old != entries[index].new else { continue }
            writes.append(StateWrite(key: key, value: entries[index].new))
            oldValues.append(StateWrite(key: key, value: old))
        }
        return (writes, oldValues)
    }
}
