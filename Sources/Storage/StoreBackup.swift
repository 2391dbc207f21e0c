#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

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
        defer { close(file) }
        do throws(StoreError) {
            guard fileSize(path) == nil else { throw StoreError(.copy, code: EEXIST, path: path) }
            guard ftruncate(file, 0) == 0 else { throw StoreError(errno: .copy, path: unfinished.path) }
            try copyEnvironment(to: file, path: unfinished.path)
            guard fsync(file) == 0 else { throw StoreError(errno: .copy, path: unfinished.path) }
            guard rename(unfinished.path, path) == 0 else { throw StoreError(errno: .copy, path: path) }
        } catch {
            unlink(unfinished.path)
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
    func take() throws(StoreError) -> Int32 {
        while true {
            let file = systemOpen(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw StoreError(errno: .copy, path: path) }
            do throws(StoreError) {
                if try lock(file) { return file }
            } catch {
                close(file)
                throw error
            }
            // Another copy was finished between the two calls and took the name away.
            close(file)
        }
    }

    /// Whether `file` is locked and still has its name.
    private func lock(_ file: Int32) throws(StoreError) -> Bool {
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw StoreError(errno: .copy, path: path) }
            throw StoreError(.copy, .locked(holder: nil), path: path, detail: "another backup is being written there")
        }
        var (opened, named) = (stat(), stat())
        guard fstat(file, &opened) == 0 else { throw StoreError(errno: .copy, path: path) }
        guard lstat(path, &named) == 0, named.st_dev == opened.st_dev, named.st_ino == opened.st_ino else { return false }
        guard opened.st_mode & S_IFMT == S_IFREG, opened.st_size == 0 || beginsLikeStore(file) else {
            throw StoreError(.copy, code: EEXIST, path: path, context: "this is no unfinished backup")
        }
        return true
    }

    private func beginsLikeStore(_ file: Int32) -> Bool {
        var number: UInt32 = 0
        let count = withUnsafeMutableBytes(of: &number) {
            pread(file, $0.baseAddress, $0.count, off_t(UnfinishedBackup.magicOffset))
        }
        return count == MemoryLayout<UInt32>.size && number == PageFormat.magic
    }
}
