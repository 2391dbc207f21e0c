internal import CPosix
package import SystemPackage

extension FileDescriptor.OpenOptions {
    /// A terminal that is opened does not become this process's own (`O_NOCTTY`).
    package static var noControllingTerminal: Self { Self(rawValue: O_NOCTTY) }
}

extension FileDescriptor {
    /// Opens a file that no child process inherits. A signal that comes meanwhile is no error.
    ///
    /// The corresponding C function is `open(2)`.
    ///
    /// - Parameter mode: of a file that is made, less the umask.
    package init(opening path: String, _ access: AccessMode, _ options: OpenOptions = [], mode: UInt32 = 0) throws(Errno) {
        self = try Errno.typed {
            try FileDescriptor.open(
                path, access, options: options.union(.closeOnExec), permissions: FilePermissions(rawValue: CInterop.Mode(mode)))
        }
    }

    /// A file for writing that has no name yet, where the file system of `folder` has such files and /proc can give it one.
    package static func nameless(in folder: String, mode: UInt32) -> FileDescriptor? {
        let number = podoru_open_nameless(folder, mode_t(mode))
        guard number >= 0 else { return nil }
        let file = FileDescriptor(rawValue: number)
        // It gets its name by way of /proc, which may not be there.
        if FileSystem.exists(file.processPath) { return file }
        file.closeQuietly()
        return nil
    }

    /// The name by which this process can reach what is open here.
    package var processPath: String { "/proc/self/fd/\(rawValue)" }

    /// Closes it; that this failed would change nothing for the caller. A file whose bytes matter was flushed before.
    package func closeQuietly() { _ = CPosix.close(rawValue) }

    /// Another number for the same file, which no child inherits.
    package func duplicated() throws(Errno) -> FileDescriptor {
        let copy = CPosix.dup(rawValue)
        try Errno.check(copy)
        let file = FileDescriptor(rawValue: copy)
        file.setCloseOnExec()
        return file
    }

    /// From now on no child process inherits it: for what a library has opened.
    package func setCloseOnExec() { _ = podoru_set_cloexec(rawValue) }

    /// Whether anything is open under this number.
    package var isOpen: Bool { podoru_is_open(rawValue) != 0 }

    /// Whether reading and writing wait. Shared with whoever has the same file open by inheritance.
    package func setNonBlocking(_ isNonBlocking: Bool) { _ = podoru_set_nonblocking(rawValue, isNonBlocking ? 1 : 0) }

    /// What the system tells of the open file.
    package func status() throws(Errno) -> Stat { try Stat(self) }
}
