internal import Platform
internal import SystemPackage

/// A blocking TCP connection to a server on the loopback.
struct LoopbackSocket {
    let descriptor: FileDescriptor

    init(port: UInt16) throws {
        do throws(Errno) {
            descriptor = try Loopback.connect(port: port)
        } catch {
            throw BenchmarkError("cannot connect to port \(port): \(error)")
        }
    }

    func send(_ bytes: [UInt8]) throws {
        do throws(Errno) {
            try descriptor.sendWhole(bytes)
        } catch {
            throw BenchmarkError("the server closed the connection: \(error)")
        }
    }

    /// Appends what has arrived to `buffer`, waiting for at least a byte.
    func receive(into buffer: inout [UInt8]) throws {
        let count = withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) { chunk in
            let count = (try? descriptor.readBytes(into: chunk)) ?? 0
            if count > 0 { buffer.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[..<count])) }
            return count
        }
        guard count > 0 else { throw BenchmarkError("the server closed the connection") }
    }
}

/// Keep-alive connections that each send a request, wait for the answer, and send the next, all on the calling thread.
final class HTTPLoad {
    struct Result {
        var perSecond: Double
        /// From the send of a request to the last byte of its answer.
        var milliseconds: [Double]
        /// How many answers were no 200, by status.
        var refused: [Int: Int] = [:]
    }

    private static let timeoutMilliseconds: Int32 = 10_000
    private var connections: [Connection]

    private struct Connection {
        let socket: LoopbackSocket
        var buffer: [UInt8] = []
        var sentAt = 0.0
    }

    init(port: UInt16, connections count: Int) throws {
        connections = try (0..<count).map { _ in Connection(socket: try LoopbackSocket(port: port)) }
    }

    deinit {
        for connection in connections { connection.socket.descriptor.closeQuietly() }
    }

    static func post(_ path: String, _ json: [UInt8]) -> [UInt8] {
        let head =
            "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(json.count)\r\n\r\n"
        return Array(head.utf8) + json
    }

    /// Sends all of `requests`.
    ///
    /// - Parameters:
    ///   - perSecond: how many to begin in a second; each as soon as a connection is free when `nil`.
    ///   - mayRefuse: whether another answer than 200 is counted; it is an error otherwise.
    func run(_ requests: [[UInt8]], perSecond: Double? = nil, mayRefuse: Bool = false) throws -> Result {
        var milliseconds: [Double] = []
        var refused: [Int: Int] = [:]
        milliseconds.reserveCapacity(requests.count)
        var next = 0
        let started = seconds()
        var free = Array(connections.indices)
        func isDue() -> Bool { perSecond.map { started + Double(next) / $0 <= seconds() } ?? true }
        func sendDue() throws {
            while next < requests.count, isDue(), let index = free.popLast() { try send(requests, &next, on: index) }
        }
        try sendDue()
        var polled = PollList(connections.map(\.socket.descriptor))
        while milliseconds.count < requests.count {
            // With a rate it looks each millisecond at what is due.
            let ready = polled.wait(milliseconds: perSecond == nil ? HTTPLoad.timeoutMilliseconds : 1)
            guard !ready.isEmpty || perSecond != nil else {
                throw BenchmarkError("no answer came within \(HTTPLoad.timeoutMilliseconds) ms")
            }
            for index in ready {
                try connections[index].socket.receive(into: &connections[index].buffer)
                guard let status = try takeAnswer(index, mayRefuse: mayRefuse) else { continue }
                if status != 200 { refused[status, default: 0] += 1 }
                milliseconds.append((seconds() - connections[index].sentAt) * 1000)
                free.append(index)
            }
            try sendDue()
        }
        return Result(perSecond: Double(requests.count) / (seconds() - started), milliseconds: milliseconds, refused: refused)
    }

    private func send(_ requests: [[UInt8]], _ next: inout Int, on index: Int) throws {
        connections[index].sentAt = seconds()
        try connections[index].socket.send(requests[next])
        next += 1
    }

    /// Takes a whole answer out of a connection's buffer: its status; `nil` when more of it must come. Reads as little of it as it can: what this
    /// costs is taken from the node's cores.
    private func takeAnswer(_ index: Int, mayRefuse: Bool) throws -> Int? {
        let answer = connections[index].buffer.withUnsafeBytes { buffer -> (status: Int, count: Int)? in
            let rest = UnsafeRawBufferPointer(rebasing: buffer.dropFirst(9))
            guard let end = HTTPLoad.place(of: "\r\n\r\n", in: buffer),
                let field = HTTPLoad.place(of: "\r\nContent-Length: ", in: buffer)
            else { return nil }
            let length = HTTPLoad.number(at: UnsafeRawBufferPointer(rebasing: buffer[(field + 18)...]))
            return (HTTPLoad.number(at: rest), end + 4 + length)
        }
        guard let answer, connections[index].buffer.count >= answer.count else { return nil }
        guard answer.status == 200 || mayRefuse else {
            throw BenchmarkError("an answer is not 200: \(String(decoding: connections[index].buffer.prefix(600), as: UTF8.self))")
        }
        connections[index].buffer.removeAll(keepingCapacity: true)
        return answer.status
    }

    private static func place(of text: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
        let text = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes.count >= text.count else { return nil }
        return (0...bytes.count - text.count).first { start in
            bytes[start] == text[0] && text.indices.allSatisfy { bytes[start + $0] == text[$0] }
        }
    }

    private static func number(at bytes: UnsafeRawBufferPointer) -> Int {
        bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}

/// `wrk`, the load generator of Debian.
enum Wrk {
    static var isInstalled: Bool { (try? Wrk.shell("command -v wrk >/dev/null 2>&1"))?.ending == .code(0) }

    /// What a shell makes of `line`, and what it says there.
    private static func shell(_ line: String) throws -> (ending: ChildEnding, output: [UInt8]) {
        let (ours, theirs) = try UnixSocket.makePair()
        defer { ours.closeQuietly() }
        var launch = ChildProcess.Launch("/bin/sh", ["-c", line])
        launch.output = .file(theirs)
        launch.error = .file(theirs)
        let child: ChildProcess
        do {
            defer { theirs.closeQuietly() }
            child = try ChildProcess(launch)
        }
        let output = try ours.readToEnd(atMost: 1 << 20)
        return (child.waitForEnd(), output)
    }

    /// Requests a second over 16 connections and one thread, for five seconds. Every answer must be a 2xx.
    static func run(port: UInt16, path: String) throws -> Double {
        let output = try shell("wrk -t1 -c16 -d5s 'http://127.0.0.1:\(port)\(path)'").output
        let text = String(decoding: output, as: UTF8.self)
        let lines = text.split(separator: "\n")
        guard !lines.contains(where: { $0.contains("Non-2xx") || $0.contains("Socket errors") }),
            let line = lines.first(where: { $0.hasPrefix("Requests/sec:") }),
            let value = line.split(separator: " ").last.flatMap({ Double($0) })
        else { throw BenchmarkError("wrk on \(path): \(text)") }
        return value
    }
}
