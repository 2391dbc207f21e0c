internal import Platform
internal import Storage
internal import SystemPackage
internal import Terminal

/// What the disk of the data directory has and how fast it is.
struct DiskFacts: Hashable, Sendable {
    enum Speed: Hashable, Sendable {
        /// Milliseconds of the median trial write with its flush.
        case flush(milliseconds: Double)
        /// Why there is none.
        case untried(String)
    }

    /// `nil` when the system does not say.
    var space: DiskSpace?
    /// Whether this user may not even look at the folder.
    var isHidden = false
    /// Bytes that the store takes.
    var storeBytes: UInt64 = 0
    var speed: Speed

    /// Looks, and tries the speed where the folder is there. Blocks for as long as the disk does.
    static func look(at folder: String) -> DiskFacts {
        var place = folder
        var speed: Speed?
        // The disk of a folder that is not made yet is that of its parent; nothing is written there.
        while case .failure(.missing) = FileFacts.of(place) {
            speed = .untried("data_dir is not there yet")
            let slash = place.lastIndex(of: "/")
            place = slash.map { $0 == place.startIndex ? "/" : String(place[..<$0]) } ?? "."
        }
        let store = (try? FileFacts.of("\(folder)/\(DoctorSubject.storeFile)").get())?.bytes ?? 0
        let isHidden = FileFacts.of(folder) == .failure(.hidden)
        return DiskFacts(
            space: DiskSpace(of: place), isHidden: isHidden, storeBytes: store, speed: speed ?? tryWriting(in: folder))
    }

    /// Flushes some small writes as a commit does. The file has no name from the moment it is there, so that nothing is left
    /// however this ends.
    private static func tryWriting(in folder: String) -> Speed {
        let path = "\(folder)/.doctor.\(ThisProcess.id)"
        let file: FileDescriptor
        do throws(Errno) {
            file = try FileDescriptor(opening: path, .writeOnly, [.create, .exclusiveCreate], mode: 0o600)
        } catch {
            return .untried("this user cannot write there: \(error)")
        }
        defer { file.closeQuietly() }
        try? FileSystem.removeFile(path)
        let bytes = [UInt8](repeating: 0x5a, count: DoctorLimits.trialBytes)
        let began = SystemClock.uptimeMilliseconds
        var times: [Double] = []
        while times.count < DoctorLimits.trialWrites, SystemClock.uptimeMilliseconds - began < DoctorLimits.trialMilliseconds {
            let start = SystemClock.uptime
            do throws(Errno) {
                guard try file.writeBytes(bytes, at: Int64(times.count * bytes.count)) == bytes.count else { throw .noSpace }
                try file.flushData()
            } catch {
                return .untried("a trial write failed: \(error)")
            }
            times.append(Double(SystemClock.uptime - start) / 1e6)
        }
        return .flush(milliseconds: times.sorted()[times.count / 2])
    }

    // MARK: Judged

    /// One or more findings: space, and speed where it is not well.
    func findings(of folder: String) -> [DoctorFinding] {
        guard let space else {
            if isHidden {
                return [.skipped(.disk, "\(folder) may not be seen by this user", do: "Run the command with sudo.")]
            }
            return [.skipped(.disk, "the system does not say how full the disk of \(folder) is", do: "Look with `df -h \(folder)`.")]
        }
        var found: [DoctorFinding] = []
        let free = StatusText.bytes(space.freeBytes)
        if space.isReadOnly {
            found.append(
                .failure(
                    .disk, "the disk of \(folder) is mounted for reading only",
                    do: "See in `dmesg` whether it had errors, mend it, and mount it again for writing."))
        } else if space.freeBytes < DiskSpace.fullBytes {
            found.append(.failure(.disk, "\(free) left for \(folder): the next commit may fail", do: DiskFacts.makeRoom))
        } else if space.freeBytes < DiskSpace.lowBytes || space.freeBytes < storeBytes / 10 {
            let store = storeBytes > 0 ? ", and the store has \(StatusText.bytes(storeBytes))" : ""
            found.append(.warning(.disk, "\(free) left for \(folder)\(store)", do: DiskFacts.makeRoom))
        }
        if let files = space.freeFiles, files < DoctorLimits.fewFiles {
            found.append(
                .failure(
                    .disk, "the disk of \(folder) has room for \(files) more files",
                    do: "Remove files that are not needed (`df -i` shows where), or move `data_dir` to another disk."))
        }
        if case .flush(let milliseconds) = speed, milliseconds >= DoctorLimits.slowFlushMilliseconds {
            found.append(
                .warning(
                    .disk, "a small write to \(folder) takes \(StatusText.latency(milliseconds)) to reach the disk",
                    do: "Move `data_dir` to a faster disk (an SSD); each block waits for two such writes."))
        }
        guard found.isEmpty else { return found }
        switch speed {
        case .flush(let milliseconds): return [.ok(.disk, "\(free) left, a small write takes \(StatusText.latency(milliseconds))")]
        case .untried(let reason): return [.ok(.disk, "\(free) left; its speed was not tried: \(reason)")]
        }
    }

    private static let makeRoom = "Free space, or move `data_dir` to a larger disk: the store only grows, and a full disk stops the node."
}
