internal import CLMDB

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// `open(2)` under a name that no method of ours hides.
func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
    open(path, flags, mode)
}

/// Makes `path` and its missing parents, for the owner alone (0700). An existing directory is left as it is.
func createDirectory(_ path: String) throws(StoreError) {
    var status = stat()
    if stat(path, &status) == 0 {
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw StoreError(.createDirectory, code: ENOTDIR, path: path)
        }
        return
    }
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
        try createDirectory(String(path[..<slash]))
    }
    if mkdir(path, 0o700) != 0, errno != EEXIST {
        throw StoreError(errno: .createDirectory, path: path)
    }
}

/// Bytes that the file system of `path` still has for us, or `nil` when it does not say.
func availableBytes(_ path: String) -> UInt64? { DiskSpace(of: path)?.freeBytes }

/// The size of a file in bytes, or `nil` when it is not there.
func fileSize(_ path: String) -> UInt64? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_size >= 0 else { return nil }
    return UInt64(status.st_size)
}

/// Makes the entries of a directory durable, so that a created file is still there after a power cut.
func syncDirectory(_ path: String) throws(StoreError) {
    let file = systemOpen(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw StoreError(errno: .open, path: path) }
    defer { close(file) }
    // Some file systems refuse fsync on a directory; they have no need of it.
    if fsync(file) != 0, errno != EINVAL { throw StoreError(errno: .open, path: path) }
}

/// Sees that `path`, when it is there, is a regular file that this process may read, and write unless `readOnly`.
func checkFile(_ path: String, readOnly: Bool) throws(StoreError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
        if errno == ENOENT { return }
        throw StoreError(errno: .open, path: path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
        throw StoreError(.open, .notAFile, path: path, detail: "this is no regular file")
    }
    guard access(path, readOnly ? R_OK : R_OK | W_OK) == 0 else { throw StoreError(errno: .open, path: path) }
}

/// Takes room on the disk for the first `bytes` of a file, which is made when missing, without changing its length. A file
/// system that cannot do so, or a file that cannot be opened, is left to whoever writes it.
func reserveRoom(_ path: String, bytes: Int) throws(StoreError) {
    let file = systemOpen(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { return }
    defer { close(file) }
    guard podoru_reserve_room(file, off_t(bytes)) != 0 else { return }
    let failure = StoreError(errno: .open, path: path)
    if failure.kind == .diskFull { throw failure }
}
