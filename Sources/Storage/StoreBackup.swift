#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension StoreReader {
    /// Writes a copy of the last commit into `directory`, which is made and must not hold a store yet. The copy is
    /// compacted, complete and durable when this returns, and opens like any store.
    ///
    /// The chain may be written meanwhile, but the map cannot grow until the copy is done: call it in a process that has the
    /// store open `readOnly`, where only that process would wait.
    public func backup(toDirectory directory: String) throws(StoreError) {
        try createDirectory(directory)
        let path = directory + "/" + Environment.dataFile
        let unfinished = path + ".part"
        guard fileSize(path) == nil else {
            throw StoreError(.copy, code: EEXIST, path: path)
        }
        let file = systemOpen(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw StoreError(errno: .copy, path: unfinished) }
        do throws(StoreError) {
            defer { close(file) }
            try copyEnvironment(to: file, path: unfinished)
            guard fsync(file) == 0 else { throw StoreError(errno: .copy, path: unfinished) }
        } catch {
            unlink(unfinished)
            throw error
        }
        guard rename(unfinished, path) == 0 else { throw StoreError(errno: .copy, path: path) }
        try syncDirectory(directory)
    }
}
