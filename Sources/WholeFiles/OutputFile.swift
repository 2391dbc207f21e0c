internal import Platform
internal import Primitives
package import SystemPackage

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
    package let descriptor: FileDescriptor
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
            descriptor = .standardOutput
        case .stream:
            do throws(Errno) {
                descriptor = try FileDescriptor(opening: path, .writeOnly, .noControllingTerminal)
            } catch {
                throw OutputFile.failure("open", what, path, error)
            }
            destination = .stream
        case .file(let target):
            let temporary: String?
            do throws(Errno) {
                (descriptor, temporary) = try OutputFile.openUnfinished(target, mode)
            } catch {
                throw OutputFile.failure("create", what, path, error)
            }
            destination = .file(target: target, temporary: temporary, replaces: existing == .replaced)
        }
    }

    deinit {
        guard !isFinished else { return }
        discard()
    }

    /// Whether what is written to `path` goes where a command's answer goes: the answer must give way then.
    public static func isStandardOutput(_ path: String) -> Bool {
        path == "-" || (try? FileSystem.status(path)).map(isStandardOutput) ?? false
    }

    /// Appends bytes.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        do throws(Errno) {
            try descriptor.writeWhole(bytes)
        } catch {
            throw failure("write", error)
        }
    }

    /// Gives a file its name, durably. Nothing may be written afterwards.
    public func finish() throws(FileError) {
        guard case .file(let target, let temporary, let replaces) = destination else { return discard() }
        defer { if !isFinished { discard() } }
        do throws(Errno) {
            try descriptor.flush()
        } catch {
            throw failure("flush", error)
        }
        do throws(Errno) {
            try OutputFile.name(descriptor, temporary, target, replaces)
        } catch {
            if error == .fileExists { throw OutputFile.taken(path, .refused) }
            throw failure("name", error)
        }
        isFinished = true
        descriptor.closeQuietly()
        // So that the name is still there after a power cut.
        try? FileSystem.flushFolder(FileSystem.folder(of: target))
    }

    private func discard() {
        isFinished = true
        switch destination {
        case .standardOutput: return
        case .stream: descriptor.closeQuietly()
        case .file(_, let temporary, _):
            descriptor.closeQuietly()
            if let temporary { try? FileSystem.removeFile(temporary) }
        }
    }

    // MARK: Where it goes

    private enum Place {
        case standardOutput, stream
        case file(String)
    }

    private static func place(_ path: String, as what: String, _ existing: Existing) throws(FileError) -> Place {
        if path == "-" { return .standardOutput }
        let isLink = (try? FileSystem.status(path, followsLinks: false))?.type == .symbolicLink
        guard let status = try? FileSystem.status(path) else {
            if !isLink { return .file(path) }
            throw FileError(
                .cannotCreate, path: path, "\(path) is a symbolic link to a file that is not there", remedy: "name the file itself")
        }
        if isStandardOutput(status) { return .standardOutput }
        switch status.type {
        case .regular:
            guard existing == .replaced else { throw taken(path, existing) }
            return .file(isLink ? FileSystem.realPath(path) ?? path : path)
        case .fifo, .characterSpecial: return .stream
        case .directory:
            throw FileError(.cannotCreate, path: path, "\(path) is a folder", remedy: "name a file in it for the \(what)")
        default:
            let kind = status.type == .socket ? "a socket" : "a disk"
            throw FileError(.cannotCreate, path: path, "\(path) is \(kind) and no file", remedy: "choose another name for the \(what)")
        }
    }

    /// `/dev/stdout` and its like: the answer of a command would be mixed with what is written there. A device is no matter.
    private static func isStandardOutput(_ status: Stat) -> Bool {
        guard let standard = try? FileDescriptor.standardOutput.status(), standard.deviceID == status.deviceID,
            standard.inode == status.inode
        else { return false }
        return [.regular, .fifo, .socket].contains(status.type)
    }

    private static func taken(_ path: String, _ existing: Existing) -> FileError {
        let force = existing == .refusedUnlessForced ? ", or say --force to replace it" : ""
        return FileError(
            .cannotCreate, path: path, "\(path) is there already and is not overwritten",
            remedy: "choose another name or move it away\(force)")
    }

    // MARK: Until it is whole

    /// A file without a name where the file system has that, and else one with a name that no other process takes.
    private static func openUnfinished(
        _ target: String, _ mode: UInt32
    ) throws(Errno) -> (descriptor: FileDescriptor, temporary: String?) {
        if let file = FileDescriptor.nameless(in: FileSystem.folder(of: target), mode: mode) { return (file, nil) }
        let temporary = temporaryName(target)
        return (try FileDescriptor(opening: temporary, .writeOnly, [.create, .exclusiveCreate], mode: mode), temporary)
    }

    /// By chance, since what a killed process has left may have the number of this one: in a container that is 1 each time.
    private static func temporaryName(_ target: String) -> String {
        "\(target).new.\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    }

    /// A link fails where the name is taken, a rename replaces what has it.
    private static func name(_ file: FileDescriptor, _ temporary: String?, _ target: String, _ replaces: Bool) throws(Errno) {
        let source = temporary ?? file.processPath
        if !replaces {
            try FileSystem.link(source, to: target)
            if let temporary { try? FileSystem.removeFile(temporary) }
            return
        }
        let named = temporary ?? temporaryName(target)
        if temporary == nil { try FileSystem.link(source, to: named) }
        do throws(Errno) {
            try FileSystem.rename(named, to: target)
        } catch {
            try? FileSystem.removeFile(named)
            throw error
        }
    }

    // MARK: Failures

    package func failure(_ doing: String, _ error: Errno) -> FileError {
        if case .standardOutput = destination { return Files.standardOutputFailure(error) }
        return OutputFile.failure(doing, what, path, error)
    }

    private static func failure(_ doing: String, _ what: String, _ path: String, _ error: Errno) -> FileError {
        let cannot = "cannot \(doing) the \(what) \(path)"
        return switch error {
        case .readOnlyFileSystem:
            FileError(.permission, path: path, "\(cannot): \(error)", remedy: "choose a folder that can be written to")
        case .permissionDenied, .notPermitted:
            FileError(.permission, path: path, "\(cannot): \(error)", remedy: "check owner and permissions of its folder")
        case .noSpace, .diskQuotaExceeded:
            FileError(.failed, path: path, "\(cannot): the disk is full", remedy: "free some space and try again")
        case .brokenPipe:
            FileError(.failed, path: path, "\(cannot): nobody reads it any more", remedy: "see why its reader has ended")
        case .ioError: FileError(.failed, path: path, "\(cannot): \(error)", remedy: "check the disk (dmesg, smartctl)")
        default: FileError(.cannotCreate, path: path, "\(cannot): \(error)", remedy: "check its folder")
        }
    }
}

extension Files {
    /// Why nothing can be written to standard output.
    package static func standardOutputFailure(_ error: Errno) -> FileError {
        let cannot = "cannot write to standard output"
        return switch error {
        case .brokenPipe:
            FileError(
                .failed, path: "-", "\(cannot): nobody reads it any more", remedy: "the program behind the pipe ended before the answer did"
            )
        case .noSpace, .diskQuotaExceeded:
            FileError(.failed, path: "-", "\(cannot): the disk is full", remedy: "free some space and try again")
        case .badFileDescriptor: FileError(.failed, path: "-", "\(cannot): it is closed", remedy: "open it, or send it to a file")
        default: FileError(.failed, path: "-", "\(cannot): \(error)", remedy: "see where it leads")
        }
    }
}
