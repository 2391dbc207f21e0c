internal import CPosix
package import SystemPackage

/// Names in the file system: what has one, and giving and taking it away. Blocking, as disks are.
package enum FileSystem {
    /// What a process may do with a file, by its real user.
    package struct Access: OptionSet, Sendable {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }
        package static let read = Access(rawValue: R_OK)
        package static let write = Access(rawValue: W_OK)
        package static let execute = Access(rawValue: X_OK)
    }

    /// Whether anything has the name. A link to nothing has it not.
    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether this process may do all of `wanted` with the file.
    package static func allows(_ wanted: Access, _ path: String) -> Bool { access(path, wanted.rawValue) == 0 }

    /// - Throws: why this process may not do all of `wanted` with the file.
    package static func check(_ wanted: Access, _ path: String) throws(Errno) { try Errno.check(access(path, wanted.rawValue)) }

    /// What the system tells of a file; of a link itself where `followsLinks` is false.
    package static func status(_ path: String, followsLinks: Bool = true) throws(Errno) -> Stat {
        try Stat(path, followTargetSymlink: followsLinks)
    }

    package static func makeFolder(_ path: String, mode: UInt32) throws(Errno) { try Errno.check(mkdir(path, mode_t(mode))) }

    package static func setMode(_ path: String, _ mode: UInt32) throws(Errno) { try Errno.check(chmod(path, mode_t(mode))) }

    /// Takes the name of a file away; the file goes with its last name and its last reader.
    package static func removeFile(_ path: String) throws(Errno) { try Errno.check(unlink(path)) }

    /// Removes an empty folder.
    package static func removeFolder(_ path: String) throws(Errno) { try Errno.check(rmdir(path)) }

    /// Removes a folder with all that is in it, as far as the system lets it. It follows no link.
    package static func removeTree(_ path: String) {
        for name in (try? names(in: path)) ?? [] where unlink("\(path)/\(name)") != 0 { removeTree("\(path)/\(name)") }
        rmdir(path)
    }

    /// Gives a file another name, and takes that away from what has it.
    package static func rename(_ path: String, to target: String) throws(Errno) { try Errno.check(CPosix.rename(path, target)) }

    /// Gives a file one more name, which nothing may have yet. A link is followed first.
    package static func link(_ path: String, to name: String) throws(Errno) {
        try Errno.check(linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW))
    }

    /// Where a link ends, without any link in the path; `nil` where that is not there.
    package static func realPath(_ path: String) -> String? {
        guard let target = realpath(path, nil) else { return nil }
        defer { free(target) }
        return String(cString: target)
    }

    /// What a link says; `nil` where it is none.
    package static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.assumingMemoryBound(to: CChar.self).baseAddress.map { readlink(path, $0, bytes.count) } ?? -1
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// The names in a folder, without `.` and `..`, in no order.
    package static func names(in path: String) throws(Errno) -> [String] {
        guard let folder = opendir(path) else { throw .current }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// A new folder for this user alone, whose name begins with `prefix`.
    package static func makeTemporaryFolder(_ prefix: String) throws(Errno) -> String {
        var template = Array("\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .current }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Where programs put what they need for a while (`TMPDIR`).
    package static var temporaryFolder: String { ProcessVariables["TMPDIR"] ?? "/tmp" }

    /// The folder that this process runs in; empty when it is gone.
    package static var currentFolder: String {
        guard let folder = getcwd(nil, 0) else { return "" }
        defer { free(folder) }
        return String(cString: folder)
    }

    /// The folder that a path is in; `.` for a name alone.
    package static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Makes the names in a folder durable, so that a made or renamed file is still there after a power cut. A file system that refuses
    /// this has no need of it.
    package static func flushFolder(_ path: String) throws(Errno) {
        let file = try FileDescriptor(opening: path, .readOnly, .directory)
        defer { file.closeQuietly() }
        do throws(Errno) {
            try file.flush()
        } catch {
            if error != .invalidArgument { throw error }
        }
    }

    /// What a file system has left.
    package struct Space: Sendable {
        /// For this user.
        package var freeBytes: UInt64
        /// Files that can still be made; `nil` where the file system counts none, such as Btrfs.
        package var freeFiles: UInt64?
        package var isReadOnly: Bool
    }

    /// Asks the system; `nil` when it does not say. May block for as long as the file system does.
    package static func space(of path: String) -> Space? {
        var status = CPosix.statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return Space(
            freeBytes: UInt64(status.f_bavail) * UInt64(status.f_frsize),
            freeFiles: status.f_files > 0 ? UInt64(status.f_favail) : nil, isReadOnly: status.f_flag & UInt(ST_RDONLY) != 0)
    }
}
