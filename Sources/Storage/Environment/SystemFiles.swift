internal import Platform
internal import SystemPackage

// What a store asks of the file system, with the store's own errors.

/// Makes `path` and its missing parents, for the owner alone (0700). An existing directory is left as it is.
func createDirectory(_ path: String) throws(StoreError) {
    if let status = try? FileSystem.status(path) {
        guard status.type == .directory else { throw StoreError(.createDirectory, errno: .notDirectory, path: path) }
        return
    }
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
        try createDirectory(String(path[..<slash]))
    }
    do throws(Errno) {
        try FileSystem.makeFolder(path, mode: 0o700)
    } catch {
        if error != .fileExists { throw StoreError(.createDirectory, errno: error, path: path) }
    }
}

/// Bytes that the file system of `path` still has for us, or `nil` when it does not say.
func availableBytes(_ path: String) -> UInt64? { DiskSpace(of: path)?.freeBytes }

/// The size of a file in bytes, or `nil` when it is not there.
func fileSize(_ path: String) -> UInt64? { (try? FileSystem.status(path)).flatMap { UInt64(exactly: $0.size) } }

/// Makes the entries of a directory durable, so that a created file is still there after a power cut.
func syncDirectory(_ path: String) throws(StoreError) {
    do throws(Errno) {
        try FileSystem.flushFolder(path)
    } catch {
        throw StoreError(.open, errno: error, path: path)
    }
}

/// Sees that `path`, when it is there, is a regular file that this process may read, and write unless `readOnly`.
func checkFile(_ path: String, readOnly: Bool) throws(StoreError) {
    let type: FileType
    do throws(Errno) {
        type = try FileSystem.status(path).type
        if type == .regular { try FileSystem.check(readOnly ? .read : [.read, .write], path) }
    } catch {
        if error == .noSuchFileOrDirectory { return }
        throw StoreError(.open, errno: error, path: path)
    }
    guard type == .regular else { throw StoreError(.open, .notAFile, path: path, detail: "this is no regular file") }
}

/// Takes room on the disk for the first `bytes` of a file, which is made when missing, without changing its length. A file
/// system that cannot do so, or a file that cannot be opened, is left to whoever writes it.
func reserveRoom(_ path: String, bytes: Int) throws(StoreError) {
    guard let file = try? FileDescriptor(opening: path, .readWrite, .create, mode: 0o600) else { return }
    defer { file.closeQuietly() }
    do throws(Errno) {
        try file.reserveRoom(Int64(bytes))
    } catch {
        let failure = StoreError(.open, errno: error, path: path)
        if failure.kind == .diskFull { throw failure }
    }
}
