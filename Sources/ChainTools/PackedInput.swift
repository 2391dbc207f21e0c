internal import CZlib
internal import Platform
internal import SystemPackage

/// The bytes of a file, unpacked where they are gzip (RFC 1952): any number of members, and nothing behind the last. zlib's own
/// reader takes no notice of what stands there.
final class PackedInput {
    private static let bufferBytes = 256 << 10
    /// zlib's number for a window of 32 KiB and a gzip header.
    private static let gzipWindow: Int32 = 15 + 16
    private static let magic: [UInt8] = [0x1F, 0x8B]

    private enum Form {
        case undecided, plain
        /// Inside a gzip member, and behind one.
        case member, between
        case broken(String)
    }

    /// The file's size; `nil` for a pipe.
    let totalBytes: UInt64?
    /// Of the file as it stands.
    private(set) var bytesRead: UInt64 = 0
    private let path: String
    private let descriptor: FileDescriptor
    private var form = Form.undecided
    private var raw = [UInt8](repeating: 0, count: PackedInput.bufferBytes)
    /// What of `raw` is still to be used.
    private var rest = 0..<0
    // zlib keeps the address.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter path: a file, a pipe, or `-` for standard input.
    init(path: String) throws(BlockFileError) {
        self.path = path
        let status: Stat
        do throws(Errno) {
            status = path == "-" ? try FileDescriptor.standardInput.status() : try FileSystem.status(path)
        } catch {
            throw BlockFileError(error, otherwise: .missing, path: path)
        }
        switch status.type {
        case .regular: totalBytes = UInt64(max(0, status.size))
        case .fifo, .characterSpecial: totalBytes = nil
        case .socket where path == "-": totalBytes = nil
        default: throw BlockFileError(kind: .notAFile, path: path, detail: "this is no file and no pipe")
        }
        do throws(Errno) {
            descriptor = path == "-" ? .standardInput : try FileDescriptor(opening: path, .readOnly, .noControllingTerminal)
        } catch {
            throw BlockFileError(error, otherwise: .io, path: path)
        }
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let code = inflateInit2_(stream, PackedInput.gzipWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw BlockFileError(kind: .io, path: path, detail: "zlib cannot start (error \(code))") }
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
        if descriptor != .standardInput { descriptor.closeQuietly() }
    }

    /// The next bytes, at least one; 0 at the end.
    func read(into buffer: inout [UInt8]) throws(BlockFileError) -> Int {
        while true {
            switch form {
            case .undecided:
                try fill(PackedInput.magic.count)
                form = beginsMember ? .member : .plain
            case .plain:
                try fill(1)
                let count = min(rest.count, buffer.count)
                buffer.replaceSubrange(..<count, with: raw[rest.prefix(count)])
                rest = rest.dropFirst(count)
                return count
            case .member:
                let count = try inflateSome(into: &buffer)
                if count > 0 { return count }
            case .between:
                try fill(PackedInput.magic.count)
                if rest.isEmpty { return 0 }
                guard beginsMember else { throw malformed("there are bytes behind the end of the gzip data") }
                inflateReset(stream)
                form = .member
            case .broken(let reason): throw malformed(reason)
            }
        }
    }

    private var beginsMember: Bool { raw[rest].starts(with: PackedInput.magic) }

    /// 0 when the member ended or more of the file is needed.
    private func inflateSome(into buffer: inout [UInt8]) throws(BlockFileError) -> Int {
        try fill(1)
        if rest.isEmpty { throw malformed("the gzip data ends in the middle") }
        let (start, end) = (rest.lowerBound, rest.upperBound)
        let (code, used, made) = raw.withUnsafeMutableBufferPointer { source in
            buffer.withUnsafeMutableBufferPointer { target in
                stream.pointee.next_in = source.baseAddress.map { $0 + start }
                stream.pointee.avail_in = UInt32(end - start)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(target.count)
                let code = inflate(stream, Z_NO_FLUSH)
                return (code, end - start - Int(stream.pointee.avail_in), target.count - Int(stream.pointee.avail_out))
            }
        }
        rest = rest.dropFirst(used)
        switch code {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: form = .between
        default:
            // What could be unpacked before the damage is given first.
            form = .broken("damaged gzip data: \(stream.pointee.msg.map { String(cString: $0) } ?? "error \(code)")")
        }
        return made
    }

    /// Sees that `rest` has so many bytes, as far as the file has.
    private func fill(_ count: Int) throws(BlockFileError) {
        guard rest.count < count else { return }
        let kept = Array(raw[rest])
        raw.replaceSubrange(..<kept.count, with: kept)
        rest = 0..<kept.count
        while rest.count < count {
            let end = rest.upperBound
            let got: Int
            do throws(Errno) {
                got = try descriptor.readPatiently(into: &raw, from: end)
            } catch {
                throw BlockFileError(error, otherwise: .io, path: path)
            }
            if got == 0 { return }
            bytesRead += UInt64(got)
            rest = 0..<end + got
        }
    }

    private func malformed(_ detail: String) -> BlockFileError {
        BlockFileError(kind: .malformed, path: path, detail: detail)
    }
}

extension BlockFileError {
    /// From what the system said; `otherwise` when that names no kind of its own.
    fileprivate init(_ error: Errno, otherwise: Kind, path: String) {
        let kind: Kind =
            switch error {
            case .noSuchFileOrDirectory, .notDirectory: .missing
            case .permissionDenied, .notPermitted: .denied
            default: otherwise
            }
        self.init(kind: kind, path: path, detail: "\(error)")
    }
}
