internal import Terminal

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A user of the system, as far as files know one.
struct SystemUser: Hashable, Sendable {
    var name: String
    var id: UInt32
    /// All groups, the first one among them.
    var groups: Set<UInt32>

    /// Groups of one user that are looked at; Linux allows 65,536, people have some ten.
    private static let maxGroups: Int32 = 1024

    init(name: String, id: UInt32, groups: Set<UInt32>) {
        self.name = name
        self.id = id
        self.groups = groups
    }

    /// Looks a name up; `nil` when nobody has it.
    init?(named name: String) {
        guard let entry = getpwnam(name) else { return nil }
        self.init(name: name, id: entry.pointee.pw_uid, groups: SystemUser.groups(name, entry.pointee.pw_gid))
    }

    /// Who has this id, whether it has a name or not.
    init(id: UInt32) {
        guard let entry = getpwuid(id) else {
            self.init(name: "user \(id)", id: id, groups: [])
            return
        }
        let name = String(cString: entry.pointee.pw_name)
        self.init(name: name, id: id, groups: SystemUser.groups(name, entry.pointee.pw_gid))
    }

    /// Who runs this process.
    static var current: SystemUser { SystemUser(id: geteuid()) }

    private static func groups(_ name: String, _ first: UInt32) -> Set<UInt32> {
        var count = maxGroups
        var list = [gid_t](repeating: 0, count: Int(count))
        guard getgrouplist(name, first, &list, &count) >= 0 else { return [first] }
        return Set(list.prefix(Int(count)))
    }
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
        var status = stat()
        guard stat(path, &status) == 0 else {
            switch errno {
            case ENOENT, ENOTDIR: return .failure(.missing)
            case EACCES, EPERM: return .failure(.hidden)
            default: return .failure(.failed(errnoText()))
            }
        }
        let kind: Kind = status.st_mode & S_IFMT == S_IFREG ? .file : status.st_mode & S_IFMT == S_IFDIR ? .folder : .other
        return .success(
            FileFacts(
                kind: kind, mode: status.st_mode & 0o7777, owner: status.st_uid, group: status.st_gid,
                bytes: UInt64(clamping: status.st_blocks) * 512))
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
