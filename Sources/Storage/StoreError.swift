internal import CLMDB
internal import Primitives
internal import SystemPackage

/// Why the store could not do what it was asked: the operation, the file, what LMDB or the system said, and what a
/// person can do about it.
public struct StoreError: Error, Hashable, Sendable {
    /// What was being done. The raw value is how it reads in the message: "cannot <operation>".
    public enum Operation: String, Sendable, CaseIterable {
        case createDirectory = "create the data directory"
        case lock = "lock the data directory"
        case open = "open the store"
        case check = "check the store"
        case begin = "begin a write"
        case write = "write to the store"
        case commit = "commit to the store"
        case read = "read from the store"
        case grow = "grow the store"
        case copy = "copy the store"
    }

    /// The kinds of failure that callers tell apart; the rest is for people.
    public enum Kind: Hashable, Sendable {
        /// Another process writes to this directory; its id, when the lock file names it.
        case locked(holder: Int32?)
        /// The directory or file is not there, and was not to be created.
        case missing
        /// The file is not what it should be: cut off, changed, or not a store at all.
        case corrupted
        /// The store was written by another version of the format.
        case format(found: UInt32)
        /// The store belongs to another chain or does not hold what the caller relies on.
        case inconsistent
        /// Something else has the name of a file of the store: a folder, a pipe.
        case notAFile
        /// No room on the disk, or above a quota or file size limit.
        case diskFull
        /// The system refused: permission, read-only file system.
        case denied
        /// An input or output error of the device.
        case io
        /// A bound of this store: readers, keys, transaction size, address space.
        case limit
        /// A call out of order: a write without `begin`, two at once, a write to a store opened for reading.
        case misuse
    }

    public let operation: Operation
    public let kind: Kind
    /// The file or directory concerned.
    public let path: String
    /// LMDB's code (negative, `lmdb.h` MDB_KEYEXIST …) or an errno (positive); 0 when the finding is our own.
    public let code: Int32
    /// What exactly was found: LMDB's or the system's text for `code`, or our own words.
    public let detail: String

    init(_ operation: Operation, _ kind: Kind, path: String, code: Int32 = 0, detail: String) {
        self.operation = operation
        self.kind = kind
        self.path = path
        self.code = code
        self.detail = detail
    }

    /// An error from a result code of LMDB or an errno.
    init(_ operation: Operation, code: Int32, path: String, context: String = "") {
        let text = code == 0 ? "" : Errno(rawValue: code) == .noSpace ? "the disk is full" : String(cString: mdb_strerror(code))
        self.init(
            operation, StoreError.kind(of: code), path: path, code: code,
            detail: context.isEmpty ? text : "\(context): \(text)")
    }

    /// An error of the system.
    init(_ operation: Operation, errno: Errno, path: String, context: String = "") {
        self.init(operation, code: errno.rawValue, path: path, context: context)
    }

    /// What to do with a store that is not what it was.
    public static let damageAdvice =
        "the store is damaged: put a copy made by `podoru backup` in its place, or move the directory away, keep its key file "
        + "and let the node sync anew; a producer must be in step before it signs again"

    /// What to do about a folder on which nothing can be written: to a service most of the machine is shown so.
    private static let readOnlyAdvice =
        "mount its disk for writing; for a service, name the folder in ReadWritePaths= of the unit, as the drop-in data-dir.conf in "
        + "share/podoru does"

    /// What failed, where, and what LMDB or the system said.
    public var reason: String {
        let number = code == 0 ? "" : " (code \(code))"
        return "cannot \(operation.rawValue) at \(Redaction.value(path)): \(detail)\(number)"
    }

    /// What a person can do.
    public var advice: String {
        switch kind {
        case .locked where operation == .copy: "wait for its end, or name another folder for the copy"
        case .locked(let holder?): "stop process \(holder) first, or use another data directory"
        case .locked(nil): "stop the process that uses it first, or use another data directory"
        case .missing where operation == .createDirectory, .notAFile where operation == .createDirectory:
            "choose a folder that can be made, beside no file of its name"
        case .denied where Errno(rawValue: code) == .readOnlyFileSystem: StoreError.readOnlyAdvice
        case .denied where operation == .createDirectory: "choose another folder, or let this user write to the one that it is in"
        case .missing: "check the path, or let the node create the store with `podoru run` or `podoru import`"
        case .corrupted: StoreError.damageAdvice
        case .format(let found) where found > StoreFormat.version: "use the newer podoru that wrote it"
        case .format: "export with the podoru that wrote it and import here"
        case .inconsistent: "check that data_dir and genesis_path belong together"
        case .notAFile where operation == .copy: "name another folder for the copy, or move away what is there"
        case .notAFile: "the store has a file or folder of its own there: move away what is in its place"
        case .diskFull: "free some space and start again; nothing that was committed is lost"
        case .denied: "check owner and permissions of the directory"
        case .io: "check the disk (dmesg, smartctl); nothing that was committed is touched"
        case .limit where [.tooManyOpenFiles, .tooManyOpenFilesInSystem].contains(Errno(rawValue: code)):
            "raise the limit of open files (`ulimit -n`)"
        case .limit: "this is a limit of the store; please report it"
        case .misuse: "this is a fault in the program; please report it"
        }
    }

    private static func kind(of code: Int32) -> Kind {
        switch code {
        case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_VERSION_MISMATCH, MDB_INCOMPATIBLE: .corrupted
        case MDB_PANIC: .io
        case MDB_BAD_TXN, MDB_BAD_DBI, MDB_BAD_RSLOT: .misuse
        default: kind(of: Errno(rawValue: code))
        }
    }

    private static func kind(of errno: Errno) -> Kind {
        switch errno {
        case .noSpace, .diskQuotaExceeded, .fileTooLarge: .diskFull
        case .permissionDenied, .notPermitted, .readOnlyFileSystem: .denied
        case .noSuchFileOrDirectory: .missing
        case .notDirectory, .isDirectory, .illegalSeek, .tooManySymbolicLinkLevels, .fileExists: .notAFile
        case .ioError: .io
        case .invalidArgument: .misuse
        default: .limit
        }
    }
}

extension StoreError: CustomStringConvertible {
    public var description: String { "\(reason); \(advice)" }
}
