internal import CZlib
public import Foundation

/// Unpacks the gzip files among the vectors.
public enum Gunzip {
    public enum Failure: Error {
        case zlib(Int32)
    }

    /// What `packed` unpacks to.
    public static func unpack(_ packed: Data) throws -> [UInt8] {
        var stream = z_stream()
        // 16 asks zlib for the gzip format, 15 for its largest window.
        var status = inflateInit2_(&stream, 16 + 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw Failure.zlib(status) }
        defer { inflateEnd(&stream) }
        var input = [UInt8](packed)
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        var output: [UInt8] = []
        try input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            repeat {
                try chunk.withUnsafeMutableBufferPointer { room in
                    stream.next_out = room.baseAddress
                    stream.avail_out = UInt32(room.count)
                    status = inflate(&stream, Z_NO_FLUSH)
                    guard status == Z_OK || status == Z_STREAM_END else { throw Failure.zlib(status) }
                    output.append(contentsOf: room[..<(room.count - Int(stream.avail_out))])
                }
            } while status != Z_STREAM_END
        }
        return output
    }
}

extension Vectors {
    /// The lines of a gzip file, without their ends.
    public static func gzipLines(_ name: String) throws -> [[UInt8]] {
        try Gunzip.unpack(data(name)).split(separator: UInt8(ascii: "\n")).map { Array($0) }
    }
}
