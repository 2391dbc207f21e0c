internal import CPosix

/// A user of this machine, as its database has it (`getpwnam(3)`). Not for two threads at once.
package struct UserEntry: Hashable, Sendable {
    package let name: String
    package let id: UInt32
    /// Its groups, the first among them.
    package let groups: Set<UInt32>

    /// More groups than any user has.
    private static let maxGroups: Int32 = 1024

    package init?(named name: String) {
        guard let entry = getpwnam(name) else { return nil }
        self.init(name: name, id: entry.pointee.pw_uid, firstGroup: entry.pointee.pw_gid)
    }

    package init?(id: UInt32) {
        guard let entry = getpwuid(id) else { return nil }
        self.init(name: String(cString: entry.pointee.pw_name), id: id, firstGroup: entry.pointee.pw_gid)
    }

    private init(name: String, id: UInt32, firstGroup: UInt32) {
        self.name = name
        self.id = id
        var count = UserEntry.maxGroups
        var list = [gid_t](repeating: 0, count: Int(count))
        let isWhole = getgrouplist(name, firstGroup, &list, &count) >= 0
        groups = isWhole ? Set(list.prefix(Int(count))) : [firstGroup]
    }
}
