/// Where things stand in an LMDB 0.9 data file on a little-endian 64-bit machine (`mdb.c`: MDB_page, MDB_node, MDB_db, MDB_meta).
///
///     page   0: number u64 · 8: pad u16 · 10: flags u16 · 12: lower u16 · 14: upper u16 (or 12: overflow pages u32)
///            16: node offsets u16 … lower │ free │ upper … nodes
///     node   0: low u16 · 2: high u16 · 4: flags u16 · 6: key size u16 · 8: key · then data
///            leaf: low‖high is the data size; branch: low‖high‖flags is the child's page number
///     tree   0: pad u32 · 4: flags u16 · 6: depth u16 · 8: branch · 16: leaf · 24: overflow pages · 32: entries · 40: root
///     meta   page header, then 0: magic u32 · 4: version u32 · 8: address · 16: map size · 24: free tree · 72: main tree
///            120: last page u64 · 128: transaction u64
enum PageFormat {
    static let headerBytes = 16
    static let nodeHeaderBytes = 8
    static let treeBytes = 48
    static let metaBytes = 136

    static let magic: UInt32 = 0xBEEF_C0DE
    static let version: UInt32 = 1
    /// LMDB's CURSOR_STACK: no tree is deeper.
    static let maxDepth = 32
    static let maxKeyBytes = 511
    /// `P_INVALID`: the root of an empty tree.
    static let noPage = UInt64.max

    static let branchFlag: UInt16 = 0x01
    static let leafFlag: UInt16 = 0x02
    static let overflowFlag: UInt16 = 0x04
    static let metaFlag: UInt16 = 0x08

    static let bigDataFlag: UInt16 = 0x01
    static let subTreeFlag: UInt16 = 0x02

    /// `MDB_INTEGERKEY`, the only flag of the free tree.
    static let integerKeyFlag: UInt16 = 0x08
}

/// A tree's record: in the meta page, or as a value in the main tree.
struct TreeRecord {
    let flags: UInt16
    let depth: Int
    let branchPages: UInt64
    let leafPages: UInt64
    let overflowPages: UInt64
    let entries: UInt64
    let root: UInt64

    /// - Precondition: `bytes` hold at least 48 bytes from `offset` on.
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        flags = bytes.little(UInt16.self, at: offset + 4)
        depth = Int(bytes.little(UInt16.self, at: offset + 6))
        branchPages = bytes.little(UInt64.self, at: offset + 8)
        leafPages = bytes.little(UInt64.self, at: offset + 16)
        overflowPages = bytes.little(UInt64.self, at: offset + 24)
        entries = bytes.little(UInt64.self, at: offset + 32)
        root = bytes.little(UInt64.self, at: offset + 40)
    }
}

/// One of the two meta pages.
struct MetaRecord {
    let pageBytes: Int
    let free: TreeRecord
    let main: TreeRecord
    let lastPage: UInt64
    let transaction: UInt64

    /// `nil` unless the page says that it is a meta page of this format.
    init?(_ page: UnsafeRawBufferPointer) {
        guard page.count >= PageFormat.headerBytes + PageFormat.metaBytes,
            page.little(UInt16.self, at: 10) == PageFormat.metaFlag,
            page.little(UInt32.self, at: 16) == PageFormat.magic,
            page.little(UInt32.self, at: 20) == PageFormat.version
        else { return nil }
        let start = PageFormat.headerBytes
        pageBytes = Int(page.little(UInt32.self, at: start + 24))
        free = TreeRecord(page, at: start + 24)
        main = TreeRecord(page, at: start + 72)
        lastPage = page.little(UInt64.self, at: start + 120)
        transaction = page.little(UInt64.self, at: start + 128)
    }
}

extension UnsafeRawBufferPointer {
    /// The little-endian integer at `offset`, which need not be aligned.
    func little<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
        T(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// Bytewise comparison, a prefix first.
    func precedes(_ other: UnsafeRawBufferPointer) -> Bool {
        lexicographicallyPrecedes(other)
    }
}
