internal import Platform
internal import SystemPackage
internal import WholeFiles

/// The answer of a command: what another program reads.
package enum StandardOutput {
    /// Writes a line whole.
    package static func say(_ line: String) throws(CommandFailure) {
        try put(Array((line + "\n").utf8))
    }

    /// Writes all of `bytes`, however large a pipe is.
    package static func put(_ bytes: [UInt8]) throws(CommandFailure) {
        do throws(Errno) {
            try FileDescriptor.standardOutput.writeWhole(bytes)
        } catch {
            throw CommandFailure(Files.standardOutputFailure(error))
        }
    }
}

/// The three streams that every process is given.
package enum StandardStreams {
    /// Takes the place of those that are closed, so that no file of ours becomes standard output by its number, and an answer does
    /// not land in a store. What stands there fails when it is used. A pipe that nobody reads is an error from now on, and no signal.
    package static func prepare() {
        let streams: [(FileDescriptor, FileDescriptor.AccessMode)] = [
            (.standardInput, .writeOnly), (.standardOutput, .readOnly), (.standardError, .readOnly),
        ]
        for (stream, access) in streams where !stream.isOpen {
            // The lowest number that is free, which is this one; children inherit it as they do the others.
            _ = try? FileDescriptor.open("/dev/null", access)
        }
        Signal.pipe.ignore()
    }
}
