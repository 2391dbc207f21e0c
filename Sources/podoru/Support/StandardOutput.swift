#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The answer of a command: what another program reads.
enum StandardOutput {
    /// Writes a line whole.
    static func say(_ line: String) throws(CommandFailure) {
        try put(Array((line + "\n").utf8))
    }

    /// Writes all of `bytes`, however large a pipe is.
    static func put(_ bytes: [UInt8]) throws(CommandFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw CommandFailure(.inputOutput, "cannot write to standard output: \(errnoText())")
            }
            rest = rest.dropFirst(count)
        }
    }
}
