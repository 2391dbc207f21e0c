internal import Platform
internal import SystemPackage
internal import Terminal

/// A user of the system, as far as files know one.
struct SystemUser: Hashable, Sendable {
    var name: String
    var id: UInt32
    /// All groups, the first one among them.
    var groups: Set<UInt32>

    init(name: String, id: UInt32, groups: Set<UInt32>) {
        self.name = name
        self.id = id
        self.groups = groups
    }

    /// Looks a name up; `nil` when nobody has it.
    init?(named name: String) {
        guard let entry = UserEntry(named: name) else { return nil }
        self.init(name: name, id: entry.id, groups: entry.groups)
    }

    /// Who has this id, whether it has a name or not.
    init(id: UInt32) {
        guard let entry = UserEntry(id: id) else {
            self.init(name: "user \(id)", id: id, groups: [])
            return
        }
        self.init(name: entry.name, id: id, groups: entry.groups)
    }

    /// Who runs this process.
    static var current: SystemUser { SystemUser(id: ThisProcess.userID) }
}

/// What `stat` says of a path.
struct FileFacts: Hashable, Sendable {
    enum Kind: Hashable, Sendable { case file, folder, other }

    var kind: Kind
    /// The permission bits alone.
    var mode: UInt32
    var owner: UInt32
    var group: UInt32
    /// Bytes that it takes on the disk.
    var bytes: UInt64

    init(kind: Kind, mode: UInt32, owner: UInt32, group: UInt32, bytes: UInt64 = 0) {
        self.kind = kind
        self.mode = mode
        self.owner = owner
        self.group = group
        self.bytes = bytes
    }

    enum Absence: Error, Hashable, Sendable {
        case missing
        /// This user may not look.
        case hidden
        case failed(String)
    }

    static func of(_ path: String) -> Result<FileFacts, Absence> {
        let status: Stat
        do throws(Errno) {
            status = try FileSystem.status(path)
        } catch {
            switch error {
            case .noSuchFileOrDirectory, .notDirectory: return .failure(.missing)
            case .permissionDenied, .notPermitted: return .failure(.hidden)
            default: return .failure(.failed("\(error)"))
            }
        }
        let kind: Kind = status.type == .regular ? .file : status.type == .directory ? .folder : .other
        return .success(
            FileFacts(
                kind: kind, mode: UInt32(status.permissions.rawValue), owner: status.userID.rawValue, group: status.groupID.rawValue,
                bytes: UInt64(clamping: status.sizeAllocated)))
    }

    /// What keeps `user` from reading the file at `path`, as far as this user sees: its own bits, or those of a folder above it. A user
    /// who may not look finds nothing.
    static func obstacle(to path: String, for user: SystemUser) -> String? {
        for (place, bits) in [(path, UInt32(4))] + folders(above: path).map({ ($0, 1) }) {
            guard case .success(let facts) = of(place), !facts.allows(bits, to: user) else { continue }
            return "\(place) is \(SystemUser(id: facts.owner).name)'s with mode \(facts.modeText)"
        }
        return nil
    }

    /// The folders above a path, the nearest first.
    static func folders(above path: String) -> [String] {
        var folders: [String] = []
        var rest = path[...]
        while let slash = rest.lastIndex(of: "/") {
            rest = rest[..<slash]
            folders.append(rest.isEmpty ? "/" : String(rest))
        }
        return folders
    }

    /// The permission bits, as `chmod` writes them.
    var modeText: String {
        let digits = String(mode & 0o777, radix: 8)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    /// Whether `user` has these bits (4 read, 2 write, 1 search) by owner, group and mode; access lists are not looked at.
    func allows(_ bits: UInt32, to user: SystemUser) -> Bool {
        if user.id == 0 { return true }
        if owner == user.id { return mode >> 6 & bits == bits }
        if user.groups.contains(group) { return mode >> 3 & bits == bits }
        return mode & bits == bits
    }
}
