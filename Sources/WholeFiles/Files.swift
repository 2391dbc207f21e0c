internal import Ledger
internal import Platform
public import Primitives
internal import SystemPackage

/// Why a file could not be read or written, and what to do about it.
public struct FileError: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case missing
        case permission
        case cannotCreate
        case notAFile
        case tooLarge
        /// It was read, and is not what it should be.
        case malformed
        case failed
    }

    public var kind: Kind
    public var path: String
    public var reason: String
    public var remedy: String

    /// - Parameter path: as somebody wrote it; what could be a private key is left out of all that is said of it.
    package init(_ kind: Kind, path: String, _ reason: String, remedy: String) {
        self.kind = kind
        self.path = Redaction.value(path)
        self.reason = Redaction.sentence(reason)
        self.remedy = Redaction.sentence(remedy)
    }
}

extension FileError: CustomStringConvertible {
    public var description: String { "\(reason); \(remedy)" }
}

/// Whole small files. Blocking: for start-up and commands, not for the loop.
public enum Files {
    /// The most bytes of a genesis file.
    public static let maxGenesisBytes = GenesisConfiguration.maxFileBytes
    /// The most bytes of a key file: 64 digits, `0x`, a line end.
    public static let maxKeyBytes = 256

    /// Reads a whole file. `what` names it in errors, such as `genesis file`.
    ///
    /// - Throws: `FileError`, for a directory and a file over `maxBytes` too.
    public static func read(_ path: String, as what: String, maxBytes: Int) throws(FileError) -> [UInt8] {
        let descriptor = try open(path, as: what)
        defer { descriptor.closeQuietly() }
        return try read(descriptor, path: path, as: what, maxBytes: maxBytes)
    }

    /// As `read`, where `-` is standard input: what a command is given.
    public static func readInput(_ path: String, as what: String, maxBytes: Int) throws(FileError) -> [UInt8] {
        path == "-" ? try readStandardInput(maxBytes: maxBytes) : try read(path, as: what, maxBytes: maxBytes)
    }

    /// Reads standard input to its end.
    public static func readStandardInput(maxBytes: Int) throws(FileError) -> [UInt8] {
        try read(.standardInput, path: "-", as: "standard input", maxBytes: maxBytes)
    }

    private static func open(_ path: String, as what: String) throws(FileError) -> FileDescriptor {
        let file: FileDescriptor
        do throws(Errno) {
            // Not blocking on a pipe that nobody writes.
            file = try FileDescriptor(opening: path, .readOnly, .nonBlocking)
        } catch {
            switch error {
            case .noSuchFileOrDirectory, .notDirectory:
                throw FileError(.missing, path: path, "there is no \(what) at \(path)", remedy: "check the path, or put the file there")
            case .permissionDenied, .notPermitted:
                throw FileError(
                    .permission, path: path, "the \(what) \(path) may not be read by this user",
                    remedy: "check its owner and mode, and those of its folders")
            default:
                throw FileError(.failed, path: path, "cannot open the \(what) \(path): \(error)", remedy: "check the path and the disk")
            }
        }
        guard let type = try? file.status().type, isReadable(path, type) else {
            file.closeQuietly()
            throw FileError(.notAFile, path: path, "the \(what) \(path) is not a regular file", remedy: "name the file itself")
        }
        // The pipe of a shell, which is written by now: its bytes are waited for.
        if type == .fifo { file.setNonBlocking(false) }
        return file
    }

    /// A regular file, or a pipe that a shell has opened for this process, as in `<(…)`.
    private static func isReadable(_ path: String, _ type: FileType) -> Bool {
        switch type {
        case .regular: true
        case .fifo: path.hasPrefix("/dev/fd/") || path.hasPrefix("/proc/self/fd/") || path == "/dev/stdin"
        default: false
        }
    }

    private static func read(
        _ file: FileDescriptor, path: String, as what: String, maxBytes: Int
    ) throws(FileError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try file.readToEnd(atMost: maxBytes + 1)
        } catch {
            throw FileError(.failed, path: path, "cannot read the \(what) \(path): \(error)", remedy: "check the disk")
        }
        guard bytes.count <= maxBytes else {
            throw FileError(
                .tooLarge, path: path, "the \(what) \(path) has more than \(maxBytes) bytes",
                remedy: "check the path: this may be another file")
        }
        return bytes
    }

    /// Writes a file whole or not at all, or what else `path` names (`OutputFile`).
    ///
    /// - Parameter replaces: false refuses to touch a file that is there.
    public static func write(_ bytes: [UInt8], to path: String, as what: String, mode: UInt32, replaces: Bool) throws(FileError) {
        let file = try OutputFile(path, as: what, mode: mode, existing: replaces ? .replaced : .refused)
        try file.write(bytes)
        try file.finish()
    }

    /// Loads a private key: 64 hexadecimal digits, with or without `0x`, readable by nobody but its owner.
    public static func loadKey(_ path: String) throws(FileError) -> PrivateKey {
        if Redaction.mayHoldKey(path) {
            throw FileError(
                .malformed, path: path, "what should be the path of a key file could be a private key itself",
                remedy: "write the key into a file of its own (mode 0600) and name that file; who could read this may have the key")
        }
        let descriptor = try open(path, as: "key file")
        defer { descriptor.closeQuietly() }
        // systemd hands a credential over in a folder for this service alone; its group bits are then the mask of an access list.
        let isCredential = ProcessVariables["CREDENTIALS_DIRECTORY"].map { path.hasPrefix($0 + "/") } ?? false
        let permissions = (try? descriptor.status())?.permissions.rawValue
        guard let permissions, permissions & (isCredential ? 0o007 : 0o077) == 0 else {
            let mode = String((permissions ?? 0) & 0o777, radix: 8)
            throw FileError(
                .permission, path: path, "the key file \(path) has mode 0\(mode), so others can read it",
                remedy: "run `chmod 600 \(path)`")
        }
        return try key(read(descriptor, path: path, as: "key file", maxBytes: maxKeyBytes), path)
    }

    /// As `loadKey`, where `-` is standard input, which has no mode to look at.
    public static func loadKeyInput(_ path: String) throws(FileError) -> PrivateKey {
        path == "-" ? try key(readStandardInput(maxBytes: maxKeyBytes), "on standard input") : try loadKey(path)
    }

    private static func key(_ bytes: [UInt8], _ path: String) throws(FileError) -> PrivateKey {
        do throws(KeyTextFault) {
            return try PrivateKey(fileText: bytes)
        } catch {
            throw FileError(.malformed, path: path, "the key file \(path) \(error.reason)", remedy: error.remedy)
        }
    }
}
