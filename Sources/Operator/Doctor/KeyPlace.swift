internal import Node
internal import Platform
internal import Primitives
internal import WholeFiles

/// Why a key file is of no use.
struct DoctorKeyFault: Error, Sendable {
    let finding: DoctorFinding

    init(_ seen: String, do remedy: String) { finding = .failure(.key, seen, do: remedy) }

    init(skipped seen: String, do remedy: String) { finding = .skipped(.key, seen, do: remedy) }
}

/// Where the node's key comes from: a file of the user who runs it, or a credential that systemd hands over.
///
/// A credential is a copy in a folder for the service alone, which is there while the service runs, readable by the group of an
/// access list; what an operator can get wrong is the file that `LoadCredential=` names, which stays root's.
struct KeyPlace {
    /// The file to look at.
    let path: String
    /// A word for the finding.
    let note: String
    private let subject: DoctorSubject
    private let isCredential: Bool
    private var user: SystemUser { subject.user }

    init(_ configured: String, _ subject: DoctorSubject) {
        self.subject = subject
        let folder = ServiceUnit.credentialsFolder(of: subject.unit?.name ?? ServiceUnit.standardName)
        let handed = ProcessVariables["CREDENTIALS_DIRECTORY"].map { $0 + "/" }
        isCredential = configured.hasPrefix(folder) || handed.map { configured.hasPrefix($0) } ?? false
        if configured.hasPrefix(folder), let source = subject.unit?.credentials[String(configured.dropFirst(folder.count))] {
            path = source
            note = ", which systemd hands over to the service"
        } else {
            path = configured
            note = ""
        }
    }

    func load() throws(DoctorKeyFault) -> PrivateKey {
        switch FileFacts.of(path) {
        case .failure(.missing) where isCredential && note.isEmpty:
            throw DoctorKeyFault(
                skipped: "\(path) is handed over by systemd when the service starts",
                do: "Run the command with sudo while the service runs.")
        case .failure(.missing):
            throw DoctorKeyFault("there is no key file at \(path)", do: "Put the key there, or make one with `podoru keygen -o \(path)`.")
        case .failure(.hidden):
            throw DoctorKeyFault(skipped: "\(path) may not be seen by this user", do: "Run the command with sudo, or as the node's user.")
        case .failure(.failed(let reason)): throw DoctorKeyFault("\(path) cannot be looked at: \(reason)", do: "Mend the disk.")
        case .success(let facts): try check(facts)
        }
        do throws(FileError) {
            return try Files.loadKey(path)
        } catch {
            if error.kind == .permission {
                throw DoctorKeyFault(
                    skipped: "\(path) may not be read by this user", do: "Run the command with sudo, or as \(user.name), who runs the node."
                )
            }
            throw DoctorKeyFault(error.reason, do: "\(error.remedy.prefix(1).uppercased())\(error.remedy.dropFirst()).")
        }
    }

    private func check(_ facts: FileFacts) throws(DoctorKeyFault) {
        // The copy's group bits are the mask of its access list; the loader knows it by $CREDENTIALS_DIRECTORY alone.
        if isCredential, note.isEmpty { return }
        guard facts.mode & 0o077 == 0 else {
            throw DoctorKeyFault(
                "\(path) has mode \(facts.modeText): others can read it",
                do: "Run `chmod 600 \(path)`; if others may have read it, make a new key.")
        }
        let owner = isCredential ? 0 : user.id
        guard facts.owner == owner || user.id == 0 && !isCredential else {
            let wanted = SystemUser(id: owner).name
            throw DoctorKeyFault(
                "\(path) is \(SystemUser(id: facts.owner).name)'s, and \(wanted) must be its owner",
                do: isCredential
                    ? "Run `chown root \(path)`." : "Run `chown \(wanted) \(path)`, or let systemd hand it over (producer.conf).")
        }
        // What systemd hands over it reads as root.
        if !isCredential, let obstacle = subject.obstacle(to: path) {
            throw DoctorKeyFault(
                "\(path) cannot be read by \(user.name): \(obstacle)", do: "Put it elsewhere, or let systemd hand it over (producer.conf).")
        }
    }
}
