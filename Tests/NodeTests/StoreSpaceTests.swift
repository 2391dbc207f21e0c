import Logging
import Storage
import Testing

@testable import Node

/// What a node says of a disk that fills.
@Suite struct StoreSpaceTests {
    @Test func itComplainsBelowTheMarkOnly() {
        #expect(StoreSpace.complaint(DiskSpace.lowBytes) == nil)
        #expect(StoreSpace.complaint(nil) == nil)
        #expect(StoreSpace.complaint(DiskSpace.lowBytes - 1) == "the disk is nearly full: 1023 MiB are left for the store")
    }

    @Test func theFirstLookIsAtOnce() {
        let space = StoreSpace(directory: "/", log: Logger(label: "test"))
        defer { space.stop() }
        #expect(space.freeBytes ?? 0 > 0)
    }

    @Test func theLogHasOneLineEachTimeTheMarkIsPassed() {
        let recorder = LogRecorder()
        let space = StoreSpace(directory: "/no such folder", log: Logger(label: "test") { _ in recorder })
        defer { space.stop() }
        let low = DiskSpace.lowBytes
        for bytes in [low + 1, low - 1, low - 2, low + 1, low - 1, 2 * low, 2 * low, low - 1] { space.note(bytes) }
        #expect(
            recorder.lines.map(\.message) == [
                "the disk is nearly full: 1023 MiB are left for the store", "the disk of the store has room again",
                "the disk is nearly full: 1023 MiB are left for the store",
            ])
        #expect(recorder.lines[0].metadata == ["data": "/no such folder", "free_bytes": "\(low - 1)"])
    }

    @Test func whatTheSystemDoesNotSayIsNotMadeUp() {
        let space = StoreSpace(directory: "/no such folder", log: Logger(label: "test"))
        defer { space.stop() }
        #expect(space.freeBytes == nil)
    }
}
