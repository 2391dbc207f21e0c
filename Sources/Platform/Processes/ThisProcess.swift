internal import CPosix
package import SystemPackage

/// This process, and what the system lets it have.
package enum ThisProcess {
    package static var id: Int32 { getpid() }

    /// The user that it acts for.
    package static var userID: UInt32 { geteuid() }

    /// The running binary, also when it was found on the PATH; as it was called where the system does not tell.
    package static var executablePath: String {
        FileSystem.linkTarget("/proc/self/exe") ?? CommandLine.arguments.first ?? ""
    }

    /// Ends it, after what was asked to run at its end.
    package static func exit(_ code: Int32) -> Never { CPosix.exit(code) }

    /// Ends it at once: nothing is flushed and nobody is told.
    package static func exitAtOnce(_ code: Int32) -> Never { _exit(code) }

    /// How many files, sockets among them, it may have open now, and how many it may ask for; `nil` when the system does not say. A number
    /// that means "without limit" is the greatest.
    package static var openFileLimits: (soft: UInt64, hard: UInt64)? {
        var (soft, hard): (UInt64, UInt64) = (0, 0)
        return podoru_open_file_limits(&soft, &hard) == 0 ? (soft, hard) : nil
    }

    /// How many it may have open now; the greatest number when the system does not say.
    package static var openFileLimit: Int { openFileLimits.map { Int(clamping: $0.soft) } ?? .max }

    package static func setOpenFileLimits(soft: UInt64, hard: UInt64) throws(Errno) {
        try Errno.check(podoru_set_open_file_limits(soft, hard))
    }

    /// Fills `buffer`, of at most 256 bytes, with the kernel's own randomness.
    package static func fillWithEntropy(_ buffer: inout [UInt8]) throws(Errno) {
        try Errno.check(buffer.withUnsafeMutableBytes { getentropy($0.baseAddress, $0.count) })
    }

    /// Such as `Linux 6.18.0`; `nil` when the system does not say.
    package static var kernel: String? {
        var names = utsname()
        guard uname(&names) == 0 else { return nil }
        return "\(text(names.sysname)) \(text(names.release))"
    }

    /// The C string in a field of a C structure.
    private static func text<Field>(_ field: Field) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension FileDescriptor {
    package var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Columns and rows of the terminal behind it; `nil` where it is none or does not say.
    package var terminalSize: (columns: Int, rows: Int)? {
        var (columns, rows): (Int32, Int32) = (0, 0)
        return podoru_terminal_size(rawValue, &columns, &rows) != 0 ? (Int(columns), Int(rows)) : nil
    }
}
