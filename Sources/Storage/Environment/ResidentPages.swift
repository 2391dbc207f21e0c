internal import Platform
internal import Synchronization
internal import SystemPackage

/// Keeps the map's share of the process's resident memory small.
///
/// Pages of the file that were touched through the map count as the process's own until the kernel wants them back, which
/// on a machine with free memory is never: a synced node would seem as large as its chain, and a service's memory
/// limit would hit it. So the map is let go of (`MADV_DONTNEED`) each time the process has grown by `limitBytes`. The pages
/// stay in the file cache; touching one again costs a soft fault, 0.5 µs for 16 pages.
///
/// Called where the map cannot move: by a reader inside its snapshot, by the writer between its writes.
final class ResidentPages: Sendable {
    /// Growth that is let go of: small against the 40 MB of a whole node, large against what one commit or answer touches.
    static let limitBytes = 4 << 20
    /// Snapshots between two looks: a look costs 3 µs, a snapshot with its read 1 µs and more.
    private static let readsPerLook = 32

    private let file: FileDescriptor
    private let reads = Atomic<Int>(0)
    /// Shared resident pages after the last time.
    private let base: Atomic<Int>

    /// - Parameter file: the data file as LMDB has it open.
    init(file: FileDescriptor) {
        self.file = file
        base = Atomic(ResidentPages.sharedBytes() ?? .max)
    }

    /// After a snapshot's reads, inside it.
    func afterRead() {
        let count = reads.wrappingAdd(1, ordering: .relaxed).newValue
        if count % ResidentPages.readsPerLook == 0 { look() }
    }

    /// After a commit, and by the writer now and then within a long write.
    func look() {
        guard let now = ResidentPages.sharedBytes() else { return }
        let before = base.load(ordering: .relaxed)
        guard now > before + ResidentPages.limitBytes else {
            // What shrank elsewhere must not hide what grows here.
            if now < before { base.store(now, ordering: .relaxed) }
            return
        }
        if let map = MemoryRanges.ofFile(file) { MappedMemory.release(map) }
        base.store(ResidentPages.sharedBytes() ?? now, ordering: .relaxed)
    }

    /// Bytes of files and shared memory that are resident; `nil` where there is no such count.
    private static func sharedBytes() -> Int? {
        guard let text = MemoryRanges.bytes(of: "/proc/self/statm", atMost: 256) else { return nil }
        let fields = text.split(separator: UInt8(ascii: " "))
        guard fields.count > 2, let pages = Int(String(decoding: fields[2], as: UTF8.self)) else { return nil }
        return pages * MappedMemory.pageBytes
    }
}
