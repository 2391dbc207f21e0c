#if canImport(Glibc)
internal import Node
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Shows the board: drawn in place on a terminal, as a line now and then elsewhere.
final class DevnetScreen {
    /// Seconds between two lines where nobody draws.
    private static let lineInterval: Int64 = 5
    /// Drawings a second at most.
    private static let drawMilliseconds: Int64 = 400

    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private var drawnLines = 0
    private var lastDrawn: Int64 = 0
    private var lastLine: Int64 = -1

    func show(_ lines: [String], board: DevnetBoard, elapsed: Int64) {
        if isTerminal {
            let now = SystemTime.milliseconds
            guard now - lastDrawn >= DevnetScreen.drawMilliseconds else { return }
            lastDrawn = now
            draw(lines)
        } else if elapsed / DevnetScreen.lineInterval != lastLine {
            lastLine = elapsed / DevnetScreen.lineInterval
            if lastLine == 0 { put(addresses(board)) }
            let heights = board.nodes.map { "\($0.name) \($0.isReady ? "\($0.status.height)" : "-")" }.joined(separator: "  ")
            put("\(elapsed) s  heights: \(heights)  hop \(board.hops.summary)  propagation \(board.propagation.summary)\n")
        }
    }

    /// Where the nodes are, once, for a log.
    private func addresses(_ board: DevnetBoard) -> String {
        board.nodes.map { "\($0.name)  p2p 127.0.0.1:\($0.port)\($0.api.map { "  api \($0)" } ?? "")\n" }.joined()
    }

    /// The last picture, which stays.
    func close(_ lines: [String]) {
        if isTerminal { draw(lines) } else { put(lines.joined(separator: "\n") + "\n") }
    }

    private func draw(_ lines: [String]) {
        var text = drawnLines > 0 ? "\u{1B}[\(drawnLines)A" : ""
        // A line that wraps would be two, and the next picture would stand below this one.
        let width = OutputPlace.standardOutput.width ?? .max
        for line in lines { text += "\u{1B}[2K" + StyledLine(line).text(width: width, hasColours: false) + "\n" }
        drawnLines = lines.count
        put(text)
    }

    private func put(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }
}

/// The end of a log, for an error message.
enum LogTail {
    private static let lineCount = 5
    private static let byteCount = 2048

    static func lines(of path: String) -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        lseek(descriptor, max(0, size - byteCount), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: byteCount)
        let count = max(0, read(descriptor, &bytes, byteCount))
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").suffix(lineCount).map(String.init)
    }
}

/// Ctrl-C and SIGTERM to the devnet itself.
enum Interrupt {
    // Written by the signal handler and read by the one thread that polls; a whole word, so no reader sees half of it.
    nonisolated(unsafe) private static var flag: sig_atomic_t = 0

    static var isSet: Bool { flag != 0 }

    static func install() {
        for number in [SIGINT, SIGTERM] { signal(number) { _ in Interrupt.flag = 1 } }
    }
}

/// The machine's clocks and this program's own path.
enum SystemTime {
    static var milliseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    static var seconds: Int64 { milliseconds / 1000 }

    /// Wall clock, milliseconds since 1970.
    static var unixMilliseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// The running binary, also when it was found on the PATH.
    static var executablePath: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &buffer, Int(PATH_MAX))
        guard count > 0 else { return CommandLine.arguments[0] }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
