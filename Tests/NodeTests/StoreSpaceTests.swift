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

    @Test func whatTheSystemDoesNotSayIsNotMadeUp() {
        let space = StoreSpace(directory: "/no such folder", log: Logger(label: "test"))
        defer { space.stop() }
        #expect(space.freeBytes == nil)
    }
}
