internal import CZlib

/// How the JSON of a block stands in its record: as it is, or packed by zlib where that is shorter. Base64, hexadecimal digits and the names of
/// fields make up more than half of a block, and a record takes whole pages.
///
///     as it is:   the JSON, which begins with a brace
///     packed:     tag (1) ‖ bytes of the JSON (4, big-endian) ‖ zlib stream
///
/// Packing a block of 12 KB takes about 0.15 ms, after the relay; unpacking it 0.05.
enum PackedBlock {
    private static let tag: UInt8 = 1
    private static let headBytes = 5
    /// The fastest: a higher level makes blocks 1 % shorter.
    private static let level: CInt = 1
    /// Shorter ones share their page with others anyway.
    private static let minBytes = 512
    /// Longer than any block but a genesis block, whose packing would take seconds of the first start.
    private static let maxBytes = 4 << 20

    /// What stands in the record of a block.
    static func pack(_ json: [UInt8]) -> [UInt8] {
        let mustPack = json.first == tag
        guard mustPack || (minBytes...maxBytes).contains(json.count) else { return json }
        let bound = Int(compressBound(UInt(json.count)))
        let packed = [UInt8](unsafeUninitializedCapacity: headBytes + bound) { room, initialized in
            guard let start = room.baseAddress else { return }
            start[0] = tag
            withUnsafeBytes(of: UInt32(truncatingIfNeeded: json.count).bigEndian) {
                UnsafeMutableRawBufferPointer(start: start + 1, count: 4).copyMemory(from: $0)
            }
            var count = UInt(bound)
            let code = json.withUnsafeBufferPointer {
                compress2(start + headBytes, &count, $0.baseAddress, UInt($0.count), level)
            }
            initialized = code == Z_OK ? headBytes + Int(count) : 0
        }
        return packed.isEmpty || (packed.count >= json.count && !mustPack) ? json : packed
    }

    /// The number of bytes of the JSON in `record`.
    static func jsonBytes(_ record: UnsafeRawBufferPointer) -> Int {
        guard record.first == tag, record.count >= headBytes else { return record.count }
        return Int(UInt32(bigEndian: record.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
    }

    /// The JSON in `record`, or `nil` when it is not what `pack` made.
    static func unpack(_ record: UnsafeRawBufferPointer) -> [UInt8]? {
        guard record.first == tag else { return Array(record) }
        let count = jsonBytes(record)
        // zlib packs to a thousandth at best, so that a false count cannot ask for more than the record is worth.
        guard record.count >= headBytes, count / 1100 <= record.count else { return nil }
        var isSound = false
        let json = [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
            var filled = UInt(count)
            let source = UnsafeRawBufferPointer(rebasing: record[headBytes...]).bindMemory(to: UInt8.self)
            isSound = uncompress(room.baseAddress, &filled, source.baseAddress, UInt(source.count)) == Z_OK && Int(filled) == count
            initialized = isSound ? count : 0
        }
        return isSound ? json : nil
    }
}
