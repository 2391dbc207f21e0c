internal import Platform
internal import SystemPackage

/// A branch or leaf page of the data file, read into memory and checked before anything in it is believed.
struct Page {
    let number: UInt64
    /// The number of nodes.
    let count: Int
    private let bytes: [UInt8]
    private let path: String

    struct Node {
        let flags: UInt16
        let key: [UInt8]
        /// The size of the value, here or on overflow pages.
        let dataBytes: Int
        /// The value, or the 8 bytes of its first overflow page's number.
        let data: [UInt8]

        var overflowPage: UInt64 { data.withUnsafeBytes { $0.little(UInt64.self, at: 0) } }
    }

    init(_ file: FileDescriptor, number: UInt64, pageBytes: Int, path: String) throws(StoreError) {
        self.number = number
        self.path = path
        bytes = try Page.read(file, at: number * UInt64(pageBytes), count: pageBytes, path: path)
        let lower = bytes.withUnsafeBytes { Int($0.little(UInt16.self, at: 12)) }
        count = max(0, lower - PageFormat.headerBytes) / 2
    }

    /// The keys that the page above lets a page have: from `low` on, below `high`; `nil` at an end of the tree.
    struct Bounds {
        var low: [UInt8]?
        var high: [UInt8]?
    }

    /// Checks that header, offsets and nodes lie inside the page and that the keys rise within `bounds`.
    func check(isLeaf: Bool, ordersIntegers: Bool, bounds: Bounds) throws(StoreError) {
        let problem = bytes.withUnsafeBytes { page -> String? in
            let lower = Int(page.little(UInt16.self, at: 12))
            let upper = Int(page.little(UInt16.self, at: 14))
            guard page.little(UInt64.self, at: 0) == number else { return "has another page's number" }
            guard page.little(UInt16.self, at: 10) == (isLeaf ? PageFormat.leafFlag : PageFormat.branchFlag) else {
                return "is not the kind of page that the tree has there"
            }
            guard lower >= PageFormat.headerBytes, lower % 2 == 0, lower <= upper, upper <= page.count else {
                return "has impossible bounds"
            }
            var previous: UnsafeRawBufferPointer?
            var nodeBytes = 0
            for index in 0..<count {
                guard let key = keyIfSound(page, index, upper: upper, isLeaf: isLeaf) else { return "has a broken node" }
                nodeBytes += bytesOfNode(page, index, isLeaf: isLeaf)
                // The first key of a branch page stands for everything below the second; LMDB leaves it empty.
                if let previous, !rises(previous, key, ordersIntegers) { return "has keys out of order" }
                previous = isLeaf || index > 0 ? key : nil
                if ordersIntegers, key.count != 8, isLeaf || index > 0 { return "has a key of the wrong size" }
            }
            // Nodes lie side by side at the end of the page: LMDB closes every gap, and none may overlap.
            guard nodeBytes == page.count - upper else { return "has nodes of \(nodeBytes) bytes on \(page.count - upper)" }
            return isWithin(bounds, page, isLeaf, ordersIntegers) ? nil : "has keys that belong elsewhere"
        }
        if let problem { throw StoreError(.check, .corrupted, path: path, detail: "page \(number) \(problem)") }
    }

    private func isWithin(_ bounds: Bounds, _ page: UnsafeRawBufferPointer, _ isLeaf: Bool, _ ordersIntegers: Bool) -> Bool {
        let first = isLeaf ? 0 : 1
        guard count > first else { return true }
        let low = key(first, page)
        let high = key(count - 1, page)
        let aboveLow = bounds.low?.withUnsafeBytes { !rises(low, $0, ordersIntegers) } ?? true
        let belowHigh = bounds.high?.withUnsafeBytes { rises(high, $0, ordersIntegers) } ?? true
        return aboveLow && belowHigh
    }

    private func key(_ index: Int, _ page: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let start = Int(page.little(UInt16.self, at: PageFormat.headerBytes + 2 * index))
        let key = start + PageFormat.nodeHeaderBytes
        return UnsafeRawBufferPointer(rebasing: page[key..<key + Int(page.little(UInt16.self, at: start + 6))])
    }

    /// The keys that the child `index` of this branch page may have. Only after `check`.
    func childBounds(_ index: Int, within own: Bounds) -> Bounds {
        bytes.withUnsafeBytes { page in
            Bounds(
                low: index == 0 ? own.low : Array(key(index, page)),
                high: index + 1 < count ? Array(key(index + 1, page)) : own.high)
        }
    }

    private func rises(_ low: UnsafeRawBufferPointer, _ high: UnsafeRawBufferPointer, _ ordersIntegers: Bool) -> Bool {
        guard ordersIntegers else { return low.precedes(high) }
        guard low.count == 8, high.count == 8 else { return false }
        return low.little(UInt64.self, at: 0) < high.little(UInt64.self, at: 0)
    }

    private func keyIfSound(_ page: UnsafeRawBufferPointer, _ index: Int, upper: Int, isLeaf: Bool) -> UnsafeRawBufferPointer? {
        let offset = Int(page.little(UInt16.self, at: PageFormat.headerBytes + 2 * index))
        guard offset >= upper, offset % 2 == 0, offset + PageFormat.nodeHeaderBytes <= page.count else { return nil }
        let keyBytes = Int(page.little(UInt16.self, at: offset + 6))
        guard keyBytes <= PageFormat.maxKeyBytes, keyBytes > 0 || (!isLeaf && index == 0) else { return nil }
        var end = offset + PageFormat.nodeHeaderBytes + keyBytes
        if isLeaf { end += inlineBytes(page, offset) }
        guard end <= page.count else { return nil }
        return UnsafeRawBufferPointer(rebasing: page[offset + PageFormat.nodeHeaderBytes..<offset + PageFormat.nodeHeaderBytes + keyBytes])
    }

    /// Bytes that a sound node takes, which LMDB rounds up to an even number.
    private func bytesOfNode(_ page: UnsafeRawBufferPointer, _ index: Int, isLeaf: Bool) -> Int {
        let offset = Int(page.little(UInt16.self, at: PageFormat.headerBytes + 2 * index))
        let bytes = PageFormat.nodeHeaderBytes + Int(page.little(UInt16.self, at: offset + 6)) + (isLeaf ? inlineBytes(page, offset) : 0)
        return bytes + bytes % 2
    }

    /// Bytes of a leaf node's data on this page.
    private func inlineBytes(_ page: UnsafeRawBufferPointer, _ offset: Int) -> Int {
        if page.little(UInt16.self, at: offset + 4) & PageFormat.bigDataFlag != 0 { return 8 }
        return Int(page.little(UInt32.self, at: offset))
    }

    /// The page that branch node `index` points to. Only after `check`.
    func child(_ index: Int) -> UInt64 {
        bytes.withUnsafeBytes { page in
            let offset = Int(page.little(UInt16.self, at: PageFormat.headerBytes + 2 * index))
            return UInt64(page.little(UInt32.self, at: offset)) | UInt64(page.little(UInt16.self, at: offset + 4)) << 32
        }
    }

    /// The flags of leaf node `index`. Only after `check`.
    func flags(_ index: Int) -> UInt16 {
        bytes.withUnsafeBytes { page in
            page.little(UInt16.self, at: Int(page.little(UInt16.self, at: PageFormat.headerBytes + 2 * index)) + 4)
        }
    }

    /// Leaf node `index`. Only after `check`.
    func node(_ index: Int) -> Node {
        bytes.withUnsafeBytes { page in
            let offset = Int(page.little(UInt16.self, at: PageFormat.headerBytes + 2 * index))
            let keyStart = offset + PageFormat.nodeHeaderBytes
            let dataStart = keyStart + Int(page.little(UInt16.self, at: offset + 6))
            return Node(
                flags: page.little(UInt16.self, at: offset + 4), key: Array(page[keyStart..<dataStart]),
                dataBytes: Int(page.little(UInt32.self, at: offset)),
                data: Array(page[dataStart..<dataStart + inlineBytes(page, offset)]))
        }
    }

    /// Reads exactly `count` bytes of the file.
    static func read(_ file: FileDescriptor, at offset: UInt64, count: Int, path: String) throws(StoreError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try file.readWhole(count, at: Int64(offset))
        } catch {
            throw StoreError(.check, errno: error, path: path)
        }
        guard bytes.count == count else {
            throw StoreError(.check, .corrupted, path: path, detail: "the file ends at byte \(offset + UInt64(bytes.count))")
        }
        return bytes
    }
}
