internal import Node
internal import Platform
internal import Primitives

/// A scratch directory, removed with all that is in it.
struct BenchFolder {
    let path: String

    init() throws {
        path = try FileSystem.makeTemporaryFolder("\(FileSystem.temporaryFolder)/podoru-bench-")
    }

    func remove() { FileSystem.removeTree(path) }
}

/// Seconds of a clock that never jumps.
func seconds() -> Double { Double(SystemClock.uptime) / 1e9 }

/// The machine's clocks, as the ledger takes them.
func benchMoment() -> Moment { .current }

/// Waits without doing anything.
func pauseFor(milliseconds: Int64) { SystemClock.sleep(milliseconds: milliseconds) }
