import Foundation
import Ledger
import Primitives
import Testing

@testable import Storage

// Not in the Swift overlay of the C library.
@_silgen_name("mount")
private func systemMount(
    _ source: UnsafePointer<CChar>?, _ target: UnsafePointer<CChar>, _ type: UnsafePointer<CChar>?, _ flags: UInt,
    _ data: UnsafePointer<CChar>?
) -> Int32
@_silgen_name("unshare")
private func systemUnshare(_ flags: Int32) -> Int32

/// A disk that fills up, played by a small tmpfs that only the test's own thread can see.
@Suite struct FullDiskTests {
    let directory = TemporaryDirectory()

    private static let newMountNamespace: Int32 = 0x0002_0000
    private static let privateRecursive: UInt = 0x0004_4000

    /// Mounts a tmpfs of `bytes` at `path` in a mount namespace of this thread; says whether that worked.
    private static func mountSmallDisk(_ path: String, bytes: Int) -> Bool {
        systemUnshare(newMountNamespace) == 0 && systemMount("none", "/", nil, privateRecursive, nil) == 0
            && systemMount("tmpfs", path, "tmpfs", 0, "size=\(bytes)") == 0
    }

    @Test func aFullDiskIsAnErrorAndTheStoreStaysIntact() throws {
        try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
        let path = directory.path
        let outcome = Workers(1) { _ in
            guard Self.mountSmallDisk(path, bytes: 6 << 20) else { return 0 }
            var model = ChainModel()
            var committed = model
            do {
                let store = try LMDBStore(directory: path + "/data")
                let error = #expect(throws: StoreError.self) {
                    for _ in 0..<1000 {
                        try store.commit([model.randomBlock(10, jsonBytes: 100_000)])
                        committed = model
                    }
                }
                #expect(error?.kind == .diskFull)
                #expect(error?.advice.contains("free some space") == true)
                #expect(committed.records.count > 5)
                // Open and after opening it again, what was committed is there.
                #expect(try store.differences(from: committed) == [])
            }
            let store = try LMDBStore(directory: path + "/data")
            #expect(try store.differences(from: committed) == [])
            return committed.records.count
        }
        if try outcome.results() == [0] {
            print("skipped: a tmpfs cannot be mounted here, so there is no small disk to fill")
        }
    }
}
