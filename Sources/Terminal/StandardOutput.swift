internal import WholeFiles

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The answer of a command: what another program reads.
package enum StandardOutput {
    /// Writes a line whole.
    package static func say(_ line: String) throws(CommandFailure) {
        try put(Array((line + "\n").utf8))
    }

    /// Writes all of `bytes`, however large a pipe is.
    package static func put(_ bytes: [UInt8]) throws(CommandFailure) {
        let code = Files.writeAll(bytes, to: STDOUT_FILENO)
        if code != 0 { throw CommandFailure(Files.standardOutputFailure(code)) }
    }
}

/// The three streams that every process is given.
package enum StandardStreams {
    /// Takes the place of those that are closed, so that no file of ours becomes standard output by its number, and an answer does
    /// not land in a store. What stands there fails when it is used. A pipe that nobody reads is an error from now on, and no signal.
    package static func prepare() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest number that is free, which is this one.
            _ = open("/dev/null", mode)
        }
        signal(SIGPIPE, SIG_IGN)
    }
}
