internal import NIOCore

/// How far a head has come.
struct HeadProgress {
    /// When its first byte came; `nil` between heads.
    private(set) var began: NIODeadline?
    private var lineHasEnded = false
    /// For the words about a head that is none.
    private(set) var peek = HeadPeek()

    /// Its first line has not ended.
    var isInLine: Bool { began != nil && !lineHasEnded }

    /// Bytes are about to be parsed.
    ///
    /// - Parameter isBody: whether they begin within a request's body.
    /// - Returns: false for a first line of HTTP/0.9, whose client sends nothing more: the parser would wait for a field.
    mutating func willRead(_ bytes: ByteBuffer, isBody: Bool, at now: NIODeadline) -> Bool {
        let starts = !isBody && began == nil
        peek.begin(bytes, startsHead: starts, isInLine: isInLine)
        guard !isBody else { return true }
        if starts {
            began = now
            lineHasEnded = false
        }
        let view = bytes.readableBytesView
        guard !lineHasEnded, let end = view.firstIndex(of: UInt8(ascii: "\n")) else { return true }
        lineHasEnded = true
        guard !(starts && RequestLine.isUsual(view[..<end])), let line = peek.line else { return true }
        lineHasEnded = line.hasEnded
        return !line.hasEnded || !line.hasMethod || line.hasVersion
    }

    /// They are parsed.
    mutating func didRead() { peek.end(isInLine: isInLine) }

    /// The head is complete, or nothing more of it is looked at.
    mutating func end() {
        began = nil
        peek.headEnded()
    }
}

/// What the bytes of a head that the parser refused look like, so that the client is told what is wrong with them.
///
/// Bytes that were parsed are not kept, but for a few of a first line that comes in pieces.
struct HeadPeek {
    /// The bytes that are being parsed; `nil` between reads, so that their buffer can be used again.
    private var bytes: ByteBuffer?
    /// What is known of the first line from earlier reads; `nil` when it has ended before these bytes.
    private var earlier: RequestLine?
    /// The last byte of the read before.
    private var previous: UInt8 = 0

    /// - Parameters:
    ///   - startsHead: whether a head begins with the first byte.
    ///   - isInLine: whether the first line of a head goes on with it.
    mutating func begin(_ buffer: ByteBuffer, startsHead: Bool, isInLine: Bool) {
        bytes = buffer
        if startsHead { earlier = RequestLine() } else if !isInLine { earlier = nil }
    }

    /// - Parameter isInLine: whether the first line of a head has not ended with the bytes.
    mutating func end(isInLine: Bool) {
        if isInLine { earlier = line }
        if let last = bytes?.readableBytesView.last { previous = last }
        bytes = nil
    }

    /// A head ends within the bytes: where a later one begins is not known.
    mutating func headEnded() { earlier = nil }

    /// What is known of the head's first line, without the empty lines before it.
    var line: RequestLine? {
        guard var line = earlier, let bytes else { return nil }
        line.append(bytes.readableBytesView)
        return line
    }

    /// Whether a line of the head ends in a line feed alone.
    var hasBareLineFeed: Bool {
        guard let bytes else { return false }
        var before = previous
        for byte in earlier?.isEmpty == true ? RequestLine.withoutEmptyLines(bytes.readableBytesView) : bytes.readableBytesView {
            if byte == UInt8(ascii: "\n"), before != UInt8(ascii: "\r") { return true }
            before = byte
        }
        return false
    }
}

/// The first line of a head, as far as it has come.
struct RequestLine {
    /// Its first bytes and its last ones; what lies between is not needed.
    private var start: [UInt8] = []
    private var end: [UInt8] = []
    /// Whether its line feed has come.
    private(set) var hasEnded = false

    /// Longer than a method and a version, whatever is around them.
    private static let kept = 32

    var isEmpty: Bool { start.isEmpty }

    /// Goes on with `bytes`, up to the line's end.
    mutating func append(_ bytes: ByteBufferView) {
        guard !hasEnded else { return }
        let rest = isEmpty ? RequestLine.withoutEmptyLines(bytes) : bytes
        let feed = rest.firstIndex(of: UInt8(ascii: "\n"))
        let line = rest[..<(feed ?? rest.endIndex)]
        start.append(contentsOf: line.prefix(RequestLine.kept - start.count))
        end = Array((end + line.suffix(RequestLine.kept)).suffix(RequestLine.kept))
        hasEnded = feed != nil
    }

    /// Empty lines before a head are skipped (RFC 9112, 2.2).
    static func withoutEmptyLines(_ bytes: ByteBufferView) -> ByteBufferView {
        bytes.drop { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
    }

    /// A handshake of TLS (RFC 8446, 5.1): a record of type 22.
    var isTLS: Bool { start.first == 0x16 }

    /// How a client begins that takes the server for one of HTTP/2 (RFC 9113, 3.4).
    var isPreface: Bool { start.starts(with: "PRI * HTTP/2".utf8) }

    /// Whether it begins with a name that could be a method: a token and a space (RFC 9110, 5.6.2).
    var hasMethod: Bool {
        let name = start.prefix { $0 != UInt8(ascii: " ") }
        return !name.isEmpty && name.count < start.count && name.allSatisfy(RequestLine.isToken)
    }

    /// Whether it ends in `HTTP/` and two numbers of one digit, whichever.
    var hasVersion: Bool {
        let version = Array((end.last == UInt8(ascii: "\r") ? end.dropLast() : end[...]).suffix(9))
        guard version.count == 9, version.starts(with: " HTTP/".utf8), version[7] == UInt8(ascii: ".") else { return false }
        return [version[6], version[8]].allSatisfy { 0x30...0x39 ~= $0 }
    }

    /// Whether a line without its line feed ends as nearly all do: a quick look that copies nothing.
    static func isUsual(_ line: ByteBufferView) -> Bool { line.suffix(10).elementsEqual(usualEnd) }

    private static let usualEnd = Array(" HTTP/1.1\r".utf8)

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
