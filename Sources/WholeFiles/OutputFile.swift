internal import Primitives

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What a command writes, wherever the operator sends it.
///
/// * `-`, or a name for standard output such as `/dev/stdout`, is standard output.
/// * A pipe or a device is written through: `/dev/null` stays what it is.
/// * A file has its name only once it is whole, so a command that is killed leaves nothing behind. One that is there already is not
///   touched unless `existing` says so, and a folder, a socket or a disk never.
///
/// Blocking, for commands.
public final class OutputFile {
    /// What becomes of a regular file that has the name already.
    public enum Existing: Sendable {
        case refused
        /// Refused, and the command has an option `--force` for who means it.
        case refusedUnlessForced
        case replaced
    }

    private enum Destination {
        case standardOutput
        case stream
        /// `temporary` is its name until it is whole, `nil` while it has none at all.
        case file(target: String, temporary: String?, replaces: Bool)
    }

    /// As the operator wrote it.
    public let path: String
    private let what: String
    private let destination: Destination
    package let descriptor: Int32
    private var isFinished = false

    /// - Parameter what: names it in errors, such as `genesis file`.
    /// - Throws: `FileError`.
    public init(_ path: String, as what: String, mode: UInt32, existing: Existing) throws(FileError) {
        if Redaction.mayHoldKey(path) {
            throw FileError(
                .cannotCreate, path: path, "the name of the \(what) could be a private key", remedy: "choose another name for the file")
        }
        self.path = path
        self.what = what
        switch try OutputFile.place(path, as: what, existing) {
        case .standardOutput:
            destination = .standardOutput
            descriptor = STDOUT_FILENO
        case .stream:
            let stream = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC)
            guard stream >= 0 else { throw OutputFile.failure("open", what, path) }
            destination = .stream
            descriptor = stream
        case .file(let target):
            let (file, temporary) = OutputFile.openUnfinished(target, mode)
            guard file >= 0 else { throw OutputFile.failure("create", what, path) }
            destination = .file(target: target, temporary: temporary, replaces: existing == .replaced)
            descriptor = file
        }
    }

    deinit {
        guard !isFinished else { return }
        discard()
    }

    /// Whether what is written to `path` goes where a command's answer goes: the answer must give way then.
    public static func isStandardOutput(_ path: String) -> Bool {
        var status = stat()
        return path == "-" || stat(path, &status) == 0 && isStandardOutput(status)
    }

    /// Appends bytes.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        let code = Files.writeAll(bytes, to: descriptor)
        guard code == 0 else {
            errno = code
            throw failure("write")
        }
    }

    /// Gives a file its name, durably. Nothing may be written afterwards.
    public func finish() throws(FileError) {
        guard case .file(let target, let temporary, let replaces) = destination else { return discard() }
        defer { if !isFinished { discard() } }
        guard fsync(descriptor) == 0 else { throw failure("flush") }
        guard OutputFile.name(descriptor, temporary, target, replaces) else {
            if errno == EEXIST { throw OutputFile.taken(path, .refused) }
            throw failure("name")
        }
        isFinished = true
        close(descriptor)
        OutputFile.syncFolder(of: target)
    }

    private func discard() {
        isFinished = true
        switch destination {
        case .standardOutput: return
        case .stream: close(descriptor)
        case .file(_, let temporary, _):
            close(descriptor)
            if let temporary { unlink(temporary) }
        }
    }

    // MARK: Where it goes

    private enum Place {
        case standardOutput, stream
        case file(String)
    }

    private static func place(_ path: String, as what: String, _ existing: Existing) throws(FileError) -> Place {
        if path == "-" { return .standardOutput }
        var (status, link) = (stat(), stat())
        let isLink = lstat(path, &link) == 0 && link.st_mode & S_IFMT == S_IFLNK
        guard stat(path, &status) == 0 else {
            if !isLink { return .file(path) }
            throw FileError(
                .cannotCreate, path: path, "\(path) is a symbolic link to a file that is not there", remedy: "name the file itself")
        }
        if isStandardOutput(status) { return .standardOutput }
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            guard existing == .replaced else { throw taken(path, existing) }
            return .file(isLink ? resolved(path) : path)
        case S_IFIFO, S_IFCHR: return .stream
        case S_IFDIR:
            throw FileError(.cannotCreate, path: path, "\(path) is a folder", remedy: "name a file in it for the \(what)")
        default:
            let kind = status.st_mode & S_IFMT == S_IFSOCK ? "a socket" : "a disk"
            throw FileError(.cannotCreate, path: path, "\(path) is \(kind) and no file", remedy: "choose another name for the \(what)")
        }
    }

    /// `/dev/stdout` and its like: the answer of a command would be mixed with what is written there. A device is no matter.
    private static func isStandardOutput(_ status: stat) -> Bool {
        var standard = stat()
        guard fstat(STDOUT_FILENO, &standard) == 0, standard.st_dev == status.st_dev, standard.st_ino == status.st_ino else { return false }
        return [S_IFREG, S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
    }

    private static func resolved(_ path: String) -> String {
        guard let target = realpath(path, nil) else { return path }
        defer { free(target) }
        return String(cString: target)
    }

    private static func taken(_ path: String, _ existing: Existing) -> FileError {
        let force = existing == .refusedUnlessForced ? ", or say --force to replace it" : ""
        return FileError(
            .cannotCreate, path: path, "\(path) is there already and is not overwritten",
            remedy: "choose another name or move it away\(force)")
    }

    // MARK: Until it is whole

    // Neither C library gives this flag to Swift: the kernel's bit beside O_DIRECTORY, on every architecture that Swift has.
    private static let nameless = 0o20_000_000 | O_DIRECTORY

    /// A file without a name where the file system has that, and else one with a name that no other process takes.
    private static func openUnfinished(_ target: String, _ mode: UInt32) -> (descriptor: Int32, temporary: String?) {
        let file = open(folder(of: target), nameless | O_WRONLY | O_CLOEXEC, mode)
        if file >= 0 {
            // It gets its name by way of /proc, which may not be there.
            if access("/proc/self/fd/\(file)", F_OK) == 0 { return (file, nil) }
            close(file)
        }
        let temporary = temporaryName(target)
        return (open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode), temporary)
    }

    /// By chance, since what a killed process has left may have the number of this one: in a container that is 1 each time.
    private static func temporaryName(_ target: String) -> String {
        "\(target).new.\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    }

    /// A link fails where the name is taken, a rename replaces what has it.
    private static func name(_ descriptor: Int32, _ temporary: String?, _ target: String, _ replaces: Bool) -> Bool {
        let source = temporary ?? "/proc/self/fd/\(descriptor)"
        if !replaces {
            guard linkat(AT_FDCWD, source, AT_FDCWD, target, AT_SYMLINK_FOLLOW) == 0 else { return false }
            if let temporary { unlink(temporary) }
            return true
        }
        let named = temporary ?? temporaryName(target)
        if temporary == nil, linkat(AT_FDCWD, source, AT_FDCWD, named, AT_SYMLINK_FOLLOW) != 0 { return false }
        if rename(named, target) == 0 { return true }
        let code = errno
        unlink(named)
        errno = code
        return false
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// So that the name is still there after a power cut. Some file systems refuse this and have no need of it.
    private static func syncFolder(of path: String) {
        let file = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return }
        fsync(file)
        close(file)
    }

    // MARK: Failures

    /// From the current errno.
    package func failure(_ doing: String) -> FileError {
        if case .standardOutput = destination { return Files.standardOutputFailure(errno) }
        return OutputFile.failure(doing, what, path)
    }

    /// From the current errno.
    private static func failure(_ doing: String, _ what: String, _ path: String) -> FileError {
        let code = errno
        let cannot = "cannot \(doing) the \(what) \(path)"
        let text = String(cString: strerror(code))
        return switch code {
        case EROFS: FileError(.permission, path: path, "\(cannot): \(text)", remedy: "choose a folder that can be written to")
        case EACCES, EPERM:
            FileError(.permission, path: path, "\(cannot): \(text)", remedy: "check owner and permissions of its folder")
        case ENOSPC, EDQUOT: FileError(.failed, path: path, "\(cannot): the disk is full", remedy: "free some space and try again")
        case EPIPE: FileError(.failed, path: path, "\(cannot): nobody reads it any more", remedy: "see why its reader has ended")
        case EIO: FileError(.failed, path: path, "\(cannot): \(text)", remedy: "check the disk (dmesg, smartctl)")
        default: FileError(.cannotCreate, path: path, "\(cannot): \(text)", remedy: "check its folder")
        }
    }
}

extension Files {
    /// Writes all of `bytes`, however slowly they are taken.
    ///
    /// - Returns: 0, or the errno of what failed.
    public static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if count < 0, errno == EAGAIN {
                    // A pipe that somebody else has made non-blocking.
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wait, 1, -1)
                } else if count == 0 || errno != EINTR {
                    return count == 0 ? EIO : errno
                }
            }
            return 0
        }
    }

    /// Why nothing can be written to standard output.
    public static func standardOutputFailure(_ code: Int32) -> FileError {
        let cannot = "cannot write to standard output"
        let text = String(cString: strerror(code))
        return switch code {
        case EPIPE:
            FileError(
                .failed, path: "-", "\(cannot): nobody reads it any more", remedy: "the program behind the pipe ended before the answer did"
            )
        case ENOSPC, EDQUOT: FileError(.failed, path: "-", "\(cannot): the disk is full", remedy: "free some space and try again")
        case EBADF: FileError(.failed, path: "-", "\(cannot): it is closed", remedy: "open it, or send it to a file")
        default: FileError(.failed, path: "-", "\(cannot): \(text)", remedy: "see where it leads")
        }
    }
}
