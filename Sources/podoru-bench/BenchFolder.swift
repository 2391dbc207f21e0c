internal import Primitives

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A scratch directory, removed with all that is in it.
struct BenchFolder {
    let path: String

    init() throws {
        var template = Array("\(ChainFixture.temporaryDirectory())/podoru-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw BenchmarkError("cannot make a temporary directory") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func remove() { BenchFolder.remove(path) }

    private static func remove(_ folder: String) {
        for name in names(in: folder) where name != "." && name != ".." {
            if unlink("\(folder)/\(name)") != 0 { remove("\(folder)/\(name)") }
        }
        rmdir(folder)
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            names.append(name)
        }
        return names
    }
}

/// Seconds of a clock that never jumps.
func seconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}

/// The machine's clocks, as the ledger takes them.
func benchMoment() -> Moment {
    Moment(uptime: Int64(seconds() * 1e9), unixMilliseconds: Int64(time(nil)) * 1000)
}

/// Waits without doing anything.
func pauseFor(milliseconds: UInt32) { usleep(milliseconds * 1000) }
