internal import Node
internal import WholeFiles

/// Who may listen on the ports that the system keeps for the privileged, those below 1024 unless told otherwise.
struct PortPrivilege: Hashable, Sendable {
    /// The first port that is everybody's.
    var firstFree: UInt16 = 1024
    /// Whether whoever runs the node may take lower ones; `nil` when a try tells.
    var isGranted: Bool?
    /// Who that is.
    var whom = "this user"

    init() {}

    /// Blocks for a small file of /proc.
    init(_ subject: DoctorSubject) {
        let text = try? Files.read("/proc/sys/net/ipv4/ip_unprivileged_port_start", as: "system's setting", maxBytes: 64)
        if let text, let port = UInt16(String(decoding: text, as: UTF8.self).split(separator: "\n").first ?? "") { firstFree = port }
        if let unit = subject.unit {
            whom = unit.name
            isGranted = unit.sandbox.mayTakeLowPorts(isRoot: subject.user.id == 0)
        } else if subject.user != .current {
            whom = subject.user.name
            isGranted = subject.user.id == 0
        }
    }

    /// Whether the node may listen there; `nil` when only a try tells.
    func allows(_ port: UInt16) -> Bool? { port >= firstFree ? true : isGranted }
}

extension String {
    /// With a capital letter.
    var sentence: String { prefix(1).uppercased() + dropFirst() }
}
