internal import ArgumentParser
internal import Dispatch
internal import Ledger
internal import Platform
internal import Primitives
internal import Storage
internal import SystemPackage
internal import Terminal

/// `podoru backup`: a copy of a store.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a store, also that of a running node.",
        discussion: """
            The copy is one moment of the chain: complete, compact, on disk when the command ends, and a data directory like any \
            other. The folder must be empty or not there yet; what a backup that was killed has left there is replaced. The last line on standard output is \
            {"height","hash","state_root","bytes","seconds"}.

            To restore, stop the node and put the copy in the place of its data directory. A producer that signed blocks after \
            the copy was made must sync as a full node before it produces again.
            """)

    @Option(help: ArgumentHelp("The data directory.", valueName: "folder"), completion: .directory)
    var dataDir: String
    @Argument(help: "The folder for the copy.", completion: .directory)
    var out: String

    func validate() throws {
        try Transfer.check(dataDir)
        if out == "-" {
            throw ValidationError("a backup is a folder and cannot go to standard output; for that, podoru export … - is there")
        }
    }

    func run() throws {
        let began = SystemClock.uptimeMilliseconds
        do {
            let store = try LMDBStore(directory: dataDir, access: .readOnly)
            // A store without a chain is nothing to keep.
            guard try store.head() != nil else { throw CommandFailure(.noInput, "the store in \(dataDir) holds no chain") }
            let isNew = try makeRoom()
            do throws(StoreError) {
                try copy(store.reader)
            } catch {
                if isNew { try? FileSystem.removeFolder(out) }
                throw error
            }
            try end(began: began)
        } catch let error as StoreError {
            throw CommandFailure(Transfer.code(of: error), error.description)
        }
    }

    /// Sees that nothing is in the way. Whether the folder is to be made.
    private func makeRoom() throws -> Bool {
        let names: [String]
        do throws(Errno) {
            names = try FileSystem.names(in: out)
        } catch {
            guard error == .noSuchFileOrDirectory else {
                throw CommandFailure(.cannotCreate, "cannot use \(out) for the copy: \(error)")
            }
            return true
        }
        if let name = names.first(where: { $0 != UnfinishedBackup.name }) {
            throw CommandFailure(.cannotCreate, "\(out) is not empty (it holds \(name)): name another folder for the copy")
        }
        return false
    }

    private func copy(_ reader: StoreReader) throws(StoreError) {
        let progress = CopyProgress(of: "\(dataDir)/data.mdb", to: "\(out)/\(UnfinishedBackup.name)")
        defer { progress.end() }
        try reader.backup(toDirectory: out)
    }

    /// Opens the copy as a node would, and says what it holds.
    private func end(began: Int64) throws {
        let copy = try LMDBStore(directory: out, access: .readOnly)
        guard let head = try copy.head() else { throw CommandFailure(.internalError, "the copy in \(out) holds no chain") }
        let line = JSONWriter.object { json in
            json.member("height", head.height)
            json.member("hash", head.hash.prefixedHex)
            json.member("state_root", head.stateRoot.prefixedHex)
            json.member("bytes", FileSize.of("\(out)/data.mdb"))
            json.member("seconds", Double(SystemClock.uptimeMilliseconds - began) / 1000)
        }
        try StandardOutput.put(line + [UInt8(ascii: "\n")])
    }
}

/// One line that grows while a file is copied, on a terminal only.
private struct CopyProgress {
    /// Between two looks at how far the copy is.
    private static let interval = DispatchTimeInterval.milliseconds(250)
    private let timer: (any DispatchSourceTimer)?

    init(of source: String, to target: String) {
        guard StandardError.isTerminal else {
            timer = nil
            return
        }
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + CopyProgress.interval, repeating: CopyProgress.interval)
        timer.setEventHandler {
            // Free pages are left out, so the copy may be done before the number is reached.
            let (copied, all) = (FileSize.of(target) ?? 0, FileSize.of(source) ?? 0)
            StandardError.put("\r\u{1B}[2Kcopied \(StatusText.bytes(copied)) of at most \(StatusText.bytes(all))")
        }
        timer.resume()
        self.timer = timer
    }

    func end() {
        guard let timer else { return }
        timer.cancel()
        StandardError.put("\r\u{1B}[2K")
    }
}

private enum FileSize {
    /// Bytes that a file takes; `nil` where there is none.
    static func of(_ path: String) -> UInt64? {
        (try? FileSystem.status(path)).map { UInt64(clamping: $0.size) }
    }
}
