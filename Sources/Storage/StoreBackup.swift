internal import Platform
internal import SystemPackage

extension StoreReader {
    /// Writes a copy of the last commit into `directory`, which is made and must not hold a store yet. The copy is
    /// compacted, complete and durable when this returns, and opens like any store.
    ///
    /// What a copy that was killed has left in `directory` is replaced; while another one is being written there, this one is refused.
    ///
    /// The chain may be written meanwhile, but the map cannot grow until the copy is done: call it in a process that has the
    /// store open `readOnly`, where only that process would wait.
    public func backup(toDirectory directory: String) throws(StoreError) {
        try createDirectory(directory)
        let path = directory + "/" + Environment.dataFile
        let unfinished = UnfinishedBackup(in: directory)
        let file = try unfinished.take()
        // Until the copy has its name, so that it is never taken for a leftover.
        defer { file.closeQuietly() }
        do throws(StoreError) {
            guard fileSize(path) == nil else { throw StoreError(.copy, errno: .fileExists, path: path) }
            try unfinished.does { () throws(Errno) in try file.setLength(0) }
            try copyEnvironment(to: file, path: unfinished.path)
            try unfinished.does { () throws(Errno) in try file.flush() }
            do throws(Errno) {
                try FileSystem.rename(unfinished.path, to: path)
            } catch {
                throw StoreError(.copy, errno: error, path: path)
            }
        } catch {
            try? FileSystem.removeFile(unfinished.path)
            throw error
        }
        try syncDirectory(directory)
    }
}

/// The file of a copy that is not whole yet. Who writes it has it locked, so one that nobody has locked is a leftover, whatever ended
/// its writer: the system gives the lock back.
public struct UnfinishedBackup {
    /// Its name in the folder of the copy.
    public static let name = Environment.dataFile + ".part"
    /// Bytes of LMDB's first page before its magic number.
    private static let magicOffset = 16

    let path: String

    init(in directory: String) {
        path = directory + "/" + UnfinishedBackup.name
    }

    /// Opens and locks it, made anew or a leftover of ours.
    ///
    /// - Throws: `StoreError` when another copy is being written, or when what has the name is not ours.
    func take() throws(StoreError) -> FileDescriptor {
        while true {
            let file = try does { () throws(Errno) in
                try FileDescriptor(opening: path, .readWrite, [.create, .noFollow, .nonBlocking], mode: 0o600)
            }
            do throws(StoreError) {
                if try lock(file) { return file }
            } catch {
                file.closeQuietly()
                throw error
            }
            // Another copy was finished between the two calls and took the name away.
            file.closeQuietly()
        }
    }

    /// Whether `file` is locked and still has its name.
    private func lock(_ file: FileDescriptor) throws(StoreError) -> Bool {
        do throws(Errno) {
            try file.lock(.exclusive)
        } catch {
            guard error == .wouldBlock else { throw StoreError(.copy, errno: error, path: path) }
            throw StoreError(.copy, .locked(holder: nil), path: path, detail: "another backup is being written there")
        }
        let opened = try does { () throws(Errno) in try file.status() }
        guard let named = try? FileSystem.status(path, followsLinks: false), named.deviceID == opened.deviceID,
            named.inode == opened.inode
        else { return false }
        guard opened.type == .regular, opened.size == 0 || beginsLikeStore(file) else {
            throw StoreError(.copy, errno: .fileExists, path: path, context: "this is no unfinished backup")
        }
        return true
    }

    private func beginsLikeStore(_ file: FileDescriptor) -> Bool {
        var bytes = [UInt8](repeating: 0, count: MemoryLayout<UInt32>.size)
        guard (try? file.readBytes(into: &bytes, at: Int64(UnfinishedBackup.magicOffset))) == bytes.count else { return false }
        return bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) } == PageFormat.magic
    }

    /// A call on the file, whose failure is the copy's.
    func does<Result>(_ call: () throws(Errno) -> Result) throws(StoreError) -> Result {
        do throws(Errno) {
            return try call()
        } catch {
            throw StoreError(.copy, errno: error, path: path)
        }
    }
}
