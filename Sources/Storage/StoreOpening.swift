internal import Ledger
internal import Primitives

/// What happens once when a store is opened: its sub-databases, its format, its head.
enum StoreOpening {
    /// An empty file is what a crash before the first write leaves, or all that is left of a store: a node that began anew on
    /// that would forget what it has signed.
    static func expectNotEmptied(
        _ directory: String, _ found: StoreInspector.Summary?, _ lock: DirectoryLock?
    ) throws(StoreError) {
        let path = "\(directory)/\(Environment.dataFile)"
        if found == nil, let lock, lock.knowsStore, fileSize(path) != nil {
            throw StoreError(.check, .corrupted, path: path, detail: "the file is empty, but a store was made here")
        }
    }

    /// Opens the sub-databases; in a fresh store makes them and writes the format, in one commit.
    static func databases(_ environment: Environment) throws(StoreError) -> Databases {
        if environment.isReadOnly {
            return try environment.openHandles()
        }
        let transaction = try environment.beginWrite()
        let databases: Databases
        do {
            databases = try untyped(environment) {
                let opened = try Databases(transaction, create: true)
                try writeFormatIfFresh(StoreView(transaction: transaction, databases: opened))
                return opened
            }
        } catch {
            environment.abort(transaction)
            throw error
        }
        try environment.commit(transaction)
        return databases
    }

    private static func writeFormatIfFresh(_ view: StoreView) throws {
        guard try view.metadata(MetadataKey.format) == nil, try view.counts().blocks == 0 else { return }
        try StoreWriter(view: view).setMetadata(MetadataKey.format, formatRecord)
    }

    /// What a store of this format says.
    static var formatRecord: [UInt8] {
        var version = RecordWriter()
        version.integer(StoreFormat.version)
        return version.bytes
    }

    /// Checks the format, which it returns, and that the head, its block and the indexes belong together.
    static func check(_ environment: Environment, _ databases: Databases) throws(StoreError) -> UInt32 {
        try untyped(environment) {
            try environment.read { transaction in
                let view = StoreView(transaction: transaction, databases: databases)
                let version = try checkFormat(view)
                try checkHead(view)
                return version
            }
        }
    }

    private static func checkFormat(_ view: StoreView) throws -> UInt32 {
        let bytes = try view.metadata(MetadataKey.format) ?? []
        let version = bytes.withUnsafeBytes { raw -> UInt32? in
            var reader = RecordReader(raw)
            return try? reader.integer(UInt32.self)
        }
        guard let version else { throw finding(view, .corrupted, "the store does not say its format") }
        guard (StoreFormat.oldestVersion...StoreFormat.version).contains(version) else {
            throw finding(
                view, .format(found: version),
                "the store has format \(version), this program reads \(StoreFormat.oldestVersion) to \(StoreFormat.version)")
        }
        return version
    }

    private static func checkHead(_ view: StoreView) throws {
        let blocks = try view.counts().blocks
        guard let head = try view.head() else {
            guard blocks == 0 else { throw finding(view, .corrupted, "there are \(blocks) blocks but no tip") }
            return
        }
        guard UInt64(blocks) == head.height + 1, try view.hasBlock(head.height),
            try view.undoRecord(head.height)?.block == head, try view.height(ofBlock: head.hash) == head.height
        else { throw finding(view, .corrupted, "the tip \(head.height) does not belong to the \(blocks) blocks") }
    }

    private static func finding(_ view: StoreView, _ kind: StoreError.Kind, _ detail: String) -> StoreError {
        StoreError(.open, kind, path: view.transaction.directory, detail: detail)
    }

    /// The closures of the standard library rethrow untyped; only `StoreError` goes through here.
    private static func untyped<R>(_ environment: Environment, _ body: () throws -> R) throws(StoreError) -> R {
        do { return try body() } catch let error as StoreError { throw error } catch {
            throw StoreError(.open, .io, path: environment.directory, detail: "\(error)")
        }
    }
}
