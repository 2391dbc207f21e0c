internal import Platform
internal import SystemPackage

/// Reads a data file page by page before LMDB maps it, because LMDB believes what it maps: on a file that was cut off it
/// dies of SIGBUS, on a page that was changed of an assertion or a stray address. Here both are an error that says where.
///
/// It opens the file on its own, reads with `pread` (nothing stays mapped), follows every pointer at most once, and
/// needs one bit a page plus one page a tree level. A structural check: what values mean is checked where they are read.
struct StoreInspector: ~Copyable {
    enum Scope {
        /// Every page: each is reached exactly once, from a tree or from the list of free pages.
        case everything
        /// The free list, the main tree, the state and metadata wholly; of the other trees the path to the newest entry.
        case newest
    }

    /// What a check found in order.
    struct Summary {
        var usedBytes: Int
        var pages: Int
        var entries: [String: UInt64]
    }

    private let path: String
    private let file: FileDescriptor
    private var pageBytes = 0
    private var lastPage: UInt64 = 0
    private var scope: Scope
    /// One bit a page that was reached.
    private var reached: [UInt64] = []
    private var visited = 0
    private var entries: [String: UInt64] = [:]

    /// Checks the data file of `directory`. Files whose used pages exceed `fullCheckBytes` are checked in the `newest` scope.
    ///
    /// - Returns: `nil` when there is no data file, or one of no bytes, as after a crash before the first write.
    static func inspect(directory: String, fullCheckBytes: Int) throws(StoreError) -> Summary? {
        let path = directory + "/" + Environment.dataFile
        guard let size = fileSize(path), size > 0 else { return nil }
        var inspector = try StoreInspector(path: path)
        return try inspector.run(fileBytes: size, fullCheckBytes: fullCheckBytes)
    }

    private init(path: String) throws(StoreError) {
        self.path = path
        scope = .newest
        do throws(Errno) {
            file = try FileDescriptor(opening: path, .readOnly)
        } catch {
            throw StoreError(.check, errno: error, path: path)
        }
    }

    deinit {
        file.closeQuietly()
    }

    private mutating func run(fileBytes: UInt64, fullCheckBytes: Int) throws(StoreError) -> Summary {
        let meta = try newestMeta(fileBytes)
        pageBytes = meta.pageBytes
        lastPage = meta.lastPage
        let (used, overflow) = (lastPage &+ 1).multipliedReportingOverflow(by: UInt64(pageBytes))
        guard !overflow, lastPage < UInt64.max, used <= fileBytes else {
            throw damaged("the file was cut off: it has \(fileBytes) bytes, its last page is number \(lastPage)")
        }
        scope = used <= UInt64(fullCheckBytes) ? .everything : .newest
        reached = [UInt64](repeating: 0, count: Int(lastPage / 64) + 1)
        try reach(0)
        try reach(1)

        guard meta.free.flags & ~PageFormat.integerKeyFlag == 0, meta.main.flags == 0 else {
            throw damaged("the meta page has flags that this store never sets")
        }
        try walk(meta.free, .free)
        try walk(meta.main, .main)
        // All are made by the first commit; before it there is none.
        guard entries.isEmpty || entries.count == Database.allCases.count else {
            throw damaged("only \(entries.count) of \(Database.allCases.count) sub-databases are there")
        }
        if scope == .everything { try expectEveryPage() }
        return Summary(usedBytes: Int(used), pages: visited, entries: entries)
    }

    // MARK: Meta pages

    /// The meta page of the last commit. Transaction N writes page N mod 2, so the two pages hold neighbours; after
    /// making the file both hold 0.
    private func newestMeta(_ fileBytes: UInt64) throws(StoreError) -> MetaRecord {
        guard let first = MetaRecord.read(file, at: 0, count: PageFormat.headerBytes + PageFormat.metaBytes) else {
            throw damaged("the first page is not one of an LMDB 0.9 store")
        }
        guard first.pageBytes.nonzeroBitCount == 1, (256...65_536).contains(first.pageBytes) else {
            throw damaged("the page size \(first.pageBytes) is impossible")
        }
        guard UInt64(2 * first.pageBytes) <= fileBytes,
            let second = MetaRecord.read(
                file, at: first.pageBytes, count: PageFormat.headerBytes + PageFormat.metaBytes),
            second.pageBytes == first.pageBytes
        else { throw damaged("the second page is not the other meta page") }
        let newest = first.transaction < second.transaction ? second : first
        let older = first.transaction < second.transaction ? first : second
        let isFresh = newest.transaction == 0
        guard isFresh || newest.transaction - older.transaction == 1,
            isFresh || (newest.transaction & 1 == 0) == (newest.transaction == first.transaction)
        else {
            throw damaged("the meta pages hold transactions \(first.transaction) and \(second.transaction), which are no neighbours")
        }
        return newest
    }

    // MARK: Trees

    private enum Tree: Equatable {
        case free
        case main
        case named(String)
    }

    private mutating func walk(_ record: TreeRecord, _ tree: Tree) throws(StoreError) {
        if case .named(let name) = tree { entries[name] = record.entries }
        if record.root == PageFormat.noPage {
            guard record.entries == 0, record.depth == 0 else { throw damaged("an empty tree counts \(record.entries) entries") }
            return
        }
        guard (1...PageFormat.maxDepth).contains(record.depth) else {
            throw damaged("a tree of depth \(record.depth)")
        }
        let wholly = scope == .everything || isAlwaysWhole(tree)
        var counts = TreeCounts()
        try visit(record.root, levelsBelow: record.depth - 1, tree, wholly: wholly, Page.Bounds(), &counts)
        guard !wholly || counts.matches(record) else { throw damaged("a tree does not hold the pages and entries that it counts") }
    }

    private func isAlwaysWhole(_ tree: Tree) -> Bool {
        switch tree {
        case .free, .main: true
        case .named(let name): name == Database.state.rawValue || name == Database.metadata.rawValue
        }
    }

    private struct TreeCounts {
        var branch: UInt64 = 0
        var leaf: UInt64 = 0
        var overflow: UInt64 = 0
        var entries: UInt64 = 0

        func matches(_ record: TreeRecord) -> Bool {
            branch == record.branchPages && leaf == record.leafPages && overflow == record.overflowPages
                && entries == record.entries
        }
    }

    /// Checks the page `number` and what hangs below it. Recursion is as deep as the tree, at most 32.
    private mutating func visit(
        _ number: UInt64, levelsBelow: Int, _ tree: Tree, wholly: Bool, _ bounds: Page.Bounds, _ counts: inout TreeCounts
    ) throws(StoreError) {
        try reach(number)
        let page = try Page(file, number: number, pageBytes: pageBytes, path: path)
        try page.check(isLeaf: levelsBelow == 0, ordersIntegers: tree == .free, bounds: bounds)
        if levelsBelow > 0 {
            counts.branch += 1
            // LMDB asserts two children in every branch page but the free tree's.
            guard page.count >= (tree == .free ? 1 : 2) else { throw damaged("branch page \(number) has \(page.count) children") }
            for index in wholly ? 0..<page.count : (page.count - 1)..<page.count {
                try visit(
                    page.child(index), levelsBelow: levelsBelow - 1, tree, wholly: wholly, page.childBounds(index, within: bounds), &counts)
            }
        } else {
            counts.leaf += 1
            guard page.count > 0 else { throw damaged("leaf page \(number) is empty") }
            counts.entries += UInt64(page.count)
            // A short value of a tree that is not LMDB's own says nothing about the structure.
            let ordinary = tree != .free && tree != .main
            for index in 0..<page.count where !ordinary || page.flags(index) != 0 {
                try visitNode(page.node(index), tree, &counts)
            }
        }
    }

    private mutating func visitNode(_ node: Page.Node, _ tree: Tree, _ counts: inout TreeCounts) throws(StoreError) {
        switch node.flags {
        case 0 where tree != .main: break
        case PageFormat.bigDataFlag where tree != .main:
            counts.overflow += try visitOverflow(node)
        case PageFormat.subTreeFlag where tree == .main:
            guard node.dataBytes == PageFormat.treeBytes else { throw damaged("a sub-database record of \(node.dataBytes) bytes") }
            let record = node.data.withUnsafeBytes { TreeRecord($0, at: 0) }
            guard record.flags == 0 else { throw damaged("a sub-database has flags that this store never sets") }
            let name = String(decoding: node.key, as: UTF8.self)
            guard Database(rawValue: name) != nil else { throw damaged("a sub-database `\(name)`, which this store does not have") }
            try walk(record, .named(name))
            return
        default: throw damaged("a node with the flags \(node.flags)")
        }
        if tree == .free { try visitFreeList(node) }
    }

    /// Checks the run of pages that holds a long value; returns its length in pages.
    private mutating func visitOverflow(_ node: Page.Node) throws(StoreError) -> UInt64 {
        let first = node.overflowPage
        let header = try readBytes(page: first, count: PageFormat.headerBytes)
        let (number, flags, pages) = header.withUnsafeBytes {
            ($0.little(UInt64.self, at: 0), $0.little(UInt16.self, at: 10), UInt64($0.little(UInt32.self, at: 12)))
        }
        let needed = UInt64((PageFormat.headerBytes - 1 + node.dataBytes) / pageBytes + 1)
        guard number == first, flags == PageFormat.overflowFlag, pages >= needed, pages <= lastPage, first <= lastPage - pages + 1
        else { throw damaged("the value on page \(first) does not fit what points to it") }
        for page in first..<(first + pages) { try reach(page) }
        return pages
    }

    /// Checks a record of the free tree: a count and that many page numbers, falling.
    private mutating func visitFreeList(_ node: Page.Node) throws(StoreError) {
        let bytes: [UInt8]
        if node.flags == PageFormat.bigDataFlag {
            bytes = try readBytes(page: node.overflowPage, count: PageFormat.headerBytes + node.dataBytes, skipping: PageFormat.headerBytes)
        } else {
            bytes = node.data
        }
        guard bytes.count >= 8, bytes.count % 8 == 0 else { throw damaged("a free list of \(bytes.count) bytes") }
        let words = bytes.withUnsafeBytes { raw in (0..<raw.count / 8).map { raw.little(UInt64.self, at: 8 * $0) } }
        guard words[0] < UInt64(words.count) else { throw damaged("a free list that counts \(words[0]) pages") }
        var above = UInt64.max
        for page in words[1...].prefix(Int(words[0])) {
            guard page < above else { throw damaged("a free list out of order") }
            above = page
            try reach(page)
        }
    }

    // MARK: Pages

    /// Notes that `page` was reached; each may be, once.
    private mutating func reach(_ page: UInt64) throws(StoreError) {
        guard page <= lastPage else { throw damaged("page \(page) is beyond the last page \(lastPage)") }
        let bit = UInt64(1) << (page % 64)
        guard reached[Int(page / 64)] & bit == 0 else { throw damaged("page \(page) is used twice") }
        reached[Int(page / 64)] |= bit
        visited += 1
    }

    private func expectEveryPage() throws(StoreError) {
        guard UInt64(visited) == lastPage + 1 else {
            throw damaged("\(lastPage + 1 - UInt64(visited)) of \(lastPage + 1) pages are neither used nor free")
        }
    }

    private func readBytes(page: UInt64, count: Int, skipping: Int = 0) throws(StoreError) -> [UInt8] {
        guard page <= lastPage, UInt64(count) <= (lastPage - page + 1) * UInt64(pageBytes) else {
            throw damaged("page \(page) with \(count) bytes is beyond the last page \(lastPage)")
        }
        return try Page.read(file, at: page * UInt64(pageBytes) + UInt64(skipping), count: count - skipping, path: path)
    }

    private func damaged(_ what: String) -> StoreError {
        StoreError(.check, .corrupted, path: path, detail: what)
    }
}

extension MetaRecord {
    static func read(_ file: FileDescriptor, at offset: Int, count: Int) -> MetaRecord? {
        guard let bytes = try? Page.read(file, at: UInt64(offset), count: count, path: "") else { return nil }
        return bytes.withUnsafeBytes { MetaRecord($0) }
    }
}
