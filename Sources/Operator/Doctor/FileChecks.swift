internal import Ledger
internal import Node
internal import PodoruConfiguration
internal import Primitives
internal import Terminal
internal import WholeFiles

/// The files that a node reads before it starts: genesis, key, data directory. All of it blocks.
struct FileChecks {
    let subject: DoctorSubject

    struct Outcome: Sendable {
        var findings: [DoctorFinding] = []
        var genesis: Genesis?
        /// The key's address, where there is one that could be read.
        var address: Address?
    }

    func run() -> Outcome {
        var outcome = Outcome()
        let genesis = genesis(&outcome)
        key(genesis, &outcome)
        outcome.findings.append(data())
        if let socket = adminSocket() { outcome.findings.append(socket) }
        return outcome
    }

    private var configuration: NodeConfiguration { subject.configuration }

    // MARK: Genesis

    private func genesis(_ outcome: inout Outcome) -> Genesis? {
        let path = configuration.genesisPath
        func fail(_ seen: String, _ remedy: String) { outcome.findings.append(.failure(.genesis, seen, do: remedy)) }
        let genesis: Genesis
        do throws(NodeError) {
            genesis = try Preflight.genesis(configuration)
        } catch {
            if case .file(.permission) = error.kind {
                fail(error.reason, "Run the command with sudo, or as the node's user.")
            } else {
                outcome.findings.append(failure(.genesis, error))
            }
            return nil
        }
        outcome.genesis = genesis
        if let obstacle = subject.obstacle(to: path) {
            fail(
                "\(path) cannot be read by \(subject.user.name): \(obstacle)",
                "Run `chmod 644 \(path)`, and `chmod` the folders above it; or put it into /etc/podoru.")
            return genesis
        }
        do throws(NodeError) {
            try Preflight.checkAuthorities(configuration, genesis.rules)
        } catch {
            outcome.findings.append(failure(.genesis, error))
            return genesis
        }
        let count = StatusText.count(UInt64(genesis.authorities.count), "authority").replacing("authoritys", with: "authorities")
        outcome.findings.append(.ok(.genesis, "\(genesis.hash.prefixedHex) with \(count), rules \(genesis.rulesHash.prefixedHex)"))
        noteOddities(&outcome)
        return genesis
    }

    /// What a node takes and its operator hardly meant.
    private func noteOddities(_ outcome: inout Outcome) {
        guard let found = try? Preflight.inspectGenesis(configuration) else { return }
        for fault in found.keyFaults {
            outcome.findings.append(
                .warning(
                    .genesis, "\(configuration.genesisPath):\(fault.line):\(fault.column): \(fault)",
                    do: "Compare the genesis with the one that the network's other nodes have, and correct it there too."))
        }
        if let fault = found.timeFault {
            outcome.findings.append(.warning(.genesis, fault.description, do: "Leave it, if this is an older chain's genesis."))
        }
    }

    // MARK: Key

    private func key(_ genesis: Genesis?, _ outcome: inout Outcome) {
        guard let path = configuration.privateKey else {
            return outcome.findings.append(.ok(.key, "none: a full node makes an identity of its own in data_dir"))
        }
        let place = KeyPlace(path, subject)
        do throws(DoctorKeyFault) {
            let key = try place.load()
            outcome.address = key.address
            if let genesis {
                do throws(NodeError) {
                    try Preflight.checkKey(key, configuration, genesis)
                } catch {
                    return outcome.findings.append(failure(.key, error))
                }
            }
            outcome.findings.append(.ok(.key, "\(key.address.checksummed) in \(place.path)\(place.note)"))
        } catch {
            outcome.findings.append(error.finding)
        }
    }

    // MARK: Data

    private func data() -> DoctorFinding {
        let path = configuration.dataDir
        let name = subject.user.name
        if let outside = sandboxed(path) { return outside }
        switch FileFacts.of(path) {
        case .failure(.missing): return missingData(path)
        case .failure(.hidden): return .skipped(.data, "\(path) may not be seen by this user", do: "Run the command with sudo.")
        case .failure(.failed(let reason)):
            return .failure(.data, "\(path) cannot be looked at: \(reason)", do: "Mend the disk, or set another `data_dir`.")
        case .success(let facts):
            guard facts.kind == .folder else {
                return .failure(.data, "\(path) is no folder", do: "Set `data_dir` to a folder, or move what is there away.")
            }
            if let folder = FileFacts.folders(above: path).first(where: { isClosed($0) }) {
                return .failure(
                    .data, "\(name), who runs the node, may not go through \(folder) to \(path)",
                    do: "Run `chmod o+x \(folder)`, or set another `data_dir`.")
            }
            guard facts.allows(7, to: subject.user) else {
                return .failure(
                    .data, "\(path) is \(SystemUser(id: facts.owner).name)'s with mode \(facts.modeText): \(name) cannot write there",
                    do: "Run `chown -R \(name) \(path)`, or set another `data_dir`.")
            }
            if let foreign = foreignFile(in: path) { return foreign }
            let store =
                switch FileFacts.of("\(path)/\(DoctorSubject.storeFile)") {
                case .success(let facts): "a store of \(StatusText.bytes(facts.bytes))"
                case .failure(.missing): "no store yet"
                case .failure: "its files may not be seen by this user"
                }
            return .ok(.data, "\(path): \(store), \(SystemUser(id: facts.owner).name)'s")
        }
    }

    /// Whether the node's user may not go through a folder, as far as this user sees.
    private func isClosed(_ folder: String) -> Bool {
        guard case .success(let facts) = FileFacts.of(folder) else { return false }
        return !facts.allows(1, to: subject.user)
    }

    /// What the unit of the service says of the folder.
    private func sandboxed(_ path: String) -> DoctorFinding? {
        guard let unit = subject.unit, path.hasPrefix("/") else { return nil }
        switch unit.sandbox.access(to: path) {
        case .writable: return nil
        case .readOnly:
            return .failure(
                .data, "\(path) is for reading only in the sandbox of \(unit.name)",
                do: "Name it in ReadWritePaths= with the drop-in data-dir.conf in share/podoru, or set another `data_dir`.")
        case .hidden:
            return .failure(
                .data, "\(path) is hidden from \(unit.name), as ProtectHome= or InaccessiblePaths= of the unit say",
                do: "Set `data_dir` to a folder elsewhere, such as /srv/podoru, with the drop-in data-dir.conf in share/podoru.")
        }
    }

    /// An admin socket where the service cannot make one; otherwise there is nothing to say of it.
    private func adminSocket() -> DoctorFinding? {
        guard let path = configuration.apiAdminSocket, let unit = subject.unit, unit.sandbox.access(to: path) != .writable else {
            return nil
        }
        let folder = unit.sandbox.ownFolders.first { $0.hasPrefix("/run/") } ?? "/run/podoru"
        return .failure(
            .data, "\(unit.name) cannot make the admin socket \(path): its sandbox does not let it write there",
            do: "Set `api_admin_socket: \(folder)/admin.sock`.")
    }

    /// Files that a run as another user has left, most often root's: the node of `subject.user` cannot open them.
    private func foreignFile(in path: String) -> DoctorFinding? {
        let name = subject.user.name
        for file in [DoctorSubject.storeFile, "lock.mdb", "LOCK", "node.key"] {
            guard case .success(let facts) = FileFacts.of("\(path)/\(file)"), !facts.allows(6, to: subject.user) else { continue }
            return .failure(
                .data, "\(path)/\(file) is \(SystemUser(id: facts.owner).name)'s: \(name), who runs the node, cannot write it",
                do: "Stop the node, run `chown -R \(name) \(path)`, and start it again.")
        }
        return nil
    }

    private func missingData(_ path: String) -> DoctorFinding {
        var parent = path
        while true {
            let slash = parent.lastIndex(of: "/")
            parent = slash.map { $0 == parent.startIndex ? "/" : String(parent[..<$0]) } ?? "."
            guard case .success(let facts) = FileFacts.of(parent) else {
                if parent == "/" || parent == "." { break }
                continue
            }
            // systemd makes its StateDirectory before the node starts.
            let isMade = subject.unit?.sandbox.ownFolders.contains { path == $0 || path.hasPrefix($0 + "/") } ?? false
            if facts.kind == .folder, facts.allows(3, to: subject.user) || isMade {
                return .ok(.data, "\(path): not there yet, the node makes it")
            }
            break
        }
        return .failure(
            .data, "\(path) is not there, and \(subject.user.name) cannot make it in \(parent)",
            do: "Run `install -d -m 0750 -o \(subject.user.name) \(path)`, or set another `data_dir`.")
    }
}

extension DoctorSubject {
    /// The store in a data directory.
    static let storeFile = "data.mdb"
}

extension FileChecks {
    /// What keeps a node from starting: where it was configured, and as a sentence what to do.
    private func failure(_ check: DoctorFinding.Check, _ error: NodeError) -> DoctorFinding {
        let seen = subject.places.error(error).map { "\($0.place): \($0.reason)" } ?? error.reason
        return .failure(check, seen, do: "\(error.remedy.sentence).")
    }
}
