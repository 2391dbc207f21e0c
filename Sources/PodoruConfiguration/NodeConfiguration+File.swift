#if canImport(Glibc)
// `environ` is a C variable that nobody writes while the configuration is read, which the import cannot say.
@preconcurrency internal import Glibc
#elseif canImport(Musl)
@preconcurrency internal import Musl
#endif

extension LoadedConfiguration {
    /// Reads the file at `path` and the environment. Blocks on the disk; at most
    /// `ConfigurationLimits.maxFileBytes` are read.
    public init(
        file path: String, environment: [String: String] = ProcessEnvironment.variables()
    ) throws(ConfigurationFailure) {
        try self.init(parsing: try NodeConfiguration.bytes(ofFile: path), file: path, environment: environment)
    }
}

extension NodeConfiguration {
    /// The same without the places.
    public init(
        file path: String, environment: [String: String] = ProcessEnvironment.variables()
    ) throws(ConfigurationFailure) {
        self = try LoadedConfiguration(file: path, environment: environment).configuration
    }

    /// The file's bytes, or one more than allowed.
    fileprivate static func bytes(ofFile path: String) throws(ConfigurationFailure) -> [UInt8] {
        let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { close(descriptor) }
        let limit = ConfigurationLimits.maxFileBytes + 1
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 * 1024)
        while bytes.count < limit {
            let count = read(descriptor, &piece, min(piece.count, limit - bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return bytes
    }

    private static func unreadable(_ path: String) -> ConfigurationFailure {
        let code = errno
        return .unreadable(path: path, code: code, reason: String(cString: strerror(code)))
    }

    /// What to do about a file that cannot be read, by the errno.
    static func remedy(forReadError code: Int32) -> String {
        switch code {
        case ENOENT, ENOTDIR: "check the path"
        case EACCES, EPERM: "check its owner and mode, and those of its folders, for the user that runs this"
        case EISDIR: "name the file in this folder"
        case EMFILE, ENFILE: "raise the limit of open files (`ulimit -n`)"
        default: "check the path and the disk"
        }
    }
}

/// The environment of this process.
public enum ProcessEnvironment {
    /// The variables whose names begin with `prefix`.
    public static func variables(beginningWith prefix: String = ConfigurationKey.environmentPrefix) -> [String: String] {
        var result: [String: String] = [:]
        var next: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
        while let entry = next?.pointee {
            let text = String(cString: entry)
            if text.hasPrefix(prefix), let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next = next?.advanced(by: 1)
        }
        return result
    }
}
