internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

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

    private let file: Int32
    private let reads = Atomic<Int>(0)
    /// Shared resident pages after the last time.
    private let base: Atomic<Int>

    /// - Parameter file: the data file as LMDB has it open.
    init(file: Int32) {
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
        if let map = mapping() { madvise(UnsafeMutableRawPointer(bitPattern: map.lowerBound), map.count, MADV_DONTNEED) }
        base.store(ResidentPages.sharedBytes() ?? now, ordering: .relaxed)
    }

    /// Where the file is mapped, from the kernel's own list: LMDB does not say.
    private func mapping() -> Range<UInt>? {
        var status = stat()
        guard fstat(file, &status) == 0, let list = ResidentPages.text("/proc/self/maps", atMost: 1 << 20) else { return nil }
        // address-address permissions offset device inode path
        for line in list.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5, omittingEmptySubsequences: true)
            guard fields.count == 6, fields[4].elementsEqual("\(status.st_ino)".utf8),
                fields[5].ends(with: "/\(Environment.dataFile)".utf8)
            else { continue }
            let ends = fields[0].split(separator: UInt8(ascii: "-")).map { UInt(String(decoding: $0, as: UTF8.self), radix: 16) }
            if ends.count == 2, let start = ends[0], let end = ends[1], start < end { return start..<end }
        }
        return nil
    }

    /// Bytes of files and shared memory that are resident; `nil` where there is no such count.
    private static func sharedBytes() -> Int? {
        guard let text = text("/proc/self/statm", atMost: 256) else { return nil }
        let fields = text.split(separator: UInt8(ascii: " "))
        guard fields.count > 2, let pages = Int(String(decoding: fields[2], as: UTF8.self)) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    private static func text(_ path: String, atMost limit: Int) -> [UInt8]? {
        let file = systemOpen(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let room = min(limit, 16 << 10)
            let part = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                count = max(0, read(file, buffer.baseAddress, room))
            }
            if part.isEmpty { break }
            bytes += part
        }
        return bytes
    }
}

extension Collection where Element: Equatable {
    fileprivate func ends(with suffix: some Collection<Element>) -> Bool {
        count >= suffix.count && self.suffix(suffix.count).elementsEqual(suffix)
    }
}
