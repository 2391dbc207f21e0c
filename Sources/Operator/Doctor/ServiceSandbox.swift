/// What systemd lets a service have of the machine: which folders it may write to, and whether it may listen below port 1024. Read from
/// `systemctl show`; a pure value.
struct ServiceSandbox: Hashable, Sendable {
    enum Access: Hashable, Sendable {
        case writable
        case readOnly
        /// Not even seen, as ProtectHome= has it.
        case hidden
    }

    private struct Rule: Hashable, Sendable {
        var path: String
        var access: Access
    }

    /// `strict`, `full`, `yes` or `no`.
    private var protectSystem = "no"
    /// `yes`, `tmpfs`, `read-only` or `no`.
    private var protectHome = "no"
    private var hasPrivateTmp = false
    private var rules: [Rule] = []
    /// The folders that systemd itself makes before the service starts.
    private(set) var ownFolders: [String] = []
    private var bounds: Set<String>?
    private var ambient: Set<String> = []
    private var hasPrivateUsers = false

    static let properties = [
        "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateUsers", "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "BindPaths",
        "BindReadOnlyPaths", "StateDirectory", "RuntimeDirectory", "CacheDirectory", "LogsDirectory", "CapabilityBoundingSet",
        "AmbientCapabilities",
    ]

    private static let ownPlaces = [
        "StateDirectory": "/var/lib", "RuntimeDirectory": "/run", "CacheDirectory": "/var/cache", "LogsDirectory": "/var/log",
    ]

    /// Takes in one property of `systemctl show`; others are none of its business.
    mutating func read(_ name: some StringProtocol, _ words: [String]) {
        let first = words.first ?? ""
        switch name {
        case "ProtectSystem": protectSystem = first
        case "ProtectHome": protectHome = first
        case "PrivateTmp": hasPrivateTmp = first == "yes" || first == "connected"
        case "PrivateUsers": hasPrivateUsers = first != "no" && !first.isEmpty
        case "ReadWritePaths": add(words, .writable)
        case "ReadOnlyPaths": add(words, .readOnly)
        case "InaccessiblePaths": add(words, .hidden)
        case "BindPaths": add(words.map(ServiceSandbox.destination), .writable)
        case "BindReadOnlyPaths": add(words.map(ServiceSandbox.destination), .readOnly)
        case "CapabilityBoundingSet": bounds = Set(words)
        case "AmbientCapabilities": ambient = Set(words)
        default:
            guard let place = ServiceSandbox.ownPlaces[String(name)] else { return }
            ownFolders += words.map { "\(place)/\($0)" }
        }
    }

    private mutating func add(_ words: [String], _ access: Access) {
        // `-` in front: it may be missing; `+`: below RootDirectory=.
        rules += words.map { Rule(path: String($0.drop { $0 == "-" || $0 == "+" }), access: access) }
    }

    /// `/from:/to:rbind`, or one path for both.
    private static func destination(_ word: String) -> String {
        let parts = word.split(separator: ":").map(String.init)
        return parts.count > 1 ? parts[1] : word
    }

    // MARK: Folders

    /// What the service may do below `path`, which is absolute. What is hidden stays so, whatever is said of folders below it.
    func access(to path: String) -> Access {
        var all = system + home + rules + ownFolders.map { Rule(path: $0, access: .writable) }
        if hasPrivateTmp { all += ["/tmp", "/var/tmp"].map { Rule(path: $0, access: .writable) } }
        let fitting = all.filter { $0.path == "/" || path == $0.path || path.hasPrefix($0.path + "/") }
        if fitting.contains(where: { $0.access == .hidden }) { return .hidden }
        return fitting.max { $0.path.utf8.count < $1.path.utf8.count }?.access ?? .writable
    }

    private var system: [Rule] {
        let vendor = ["/usr", "/boot", "/efi"]
        return switch protectSystem {
        case "strict": [Rule(path: "/", access: .readOnly)]
        case "full": (vendor + ["/etc"]).map { Rule(path: $0, access: .readOnly) }
        case "yes": vendor.map { Rule(path: $0, access: .readOnly) }
        default: []
        }
    }

    private var home: [Rule] {
        let folders = ["/home", "/root", "/run/user"]
        return switch protectHome {
        case "yes", "tmpfs": folders.map { Rule(path: $0, access: .hidden) }
        case "read-only": folders.map { Rule(path: $0, access: .readOnly) }
        default: []
        }
    }

    // MARK: Ports

    /// Whether the service may listen on ports that the system keeps for the privileged. In a user namespace of its own its
    /// capabilities count for nothing outside of it.
    func mayTakeLowPorts(isRoot: Bool) -> Bool {
        let capability = "cap_net_bind_service"
        guard !hasPrivateUsers, bounds?.contains(capability) ?? true else { return false }
        return isRoot || ambient.contains(capability)
    }
}
