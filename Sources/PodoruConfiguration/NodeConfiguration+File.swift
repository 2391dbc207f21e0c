internal import Platform
internal import SystemPackage

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
        do throws(Errno) {
            let file = path == "-" ? try FileDescriptor.standardInput.duplicated() : try FileDescriptor(opening: path, .readOnly)
            defer { file.closeQuietly() }
            return try file.readToEnd(atMost: ConfigurationLimits.maxFileBytes + 1)
        } catch {
            throw .unreadable(path: path, code: error.rawValue, reason: "\(error)")
        }
    }

    /// What to do about a file that cannot be read, by the errno.
    static func remedy(forReadError code: Int32) -> String {
        switch Errno(rawValue: code) {
        case .noSuchFileOrDirectory, .notDirectory: "check the path"
        case .permissionDenied, .notPermitted: "check its owner and mode, and those of its folders, for the user that runs this"
        case .isDirectory: "name the file in this folder"
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem: "raise the limit of open files (`ulimit -n`)"
        default: "check the path and the disk"
        }
    }
}

/// The environment of this process.
public enum ProcessEnvironment {
    /// The variables whose names begin with `prefix`.
    public static func variables(beginningWith prefix: String = ConfigurationKey.environmentPrefix) -> [String: String] {
        ProcessVariables.all(beginningWith: prefix)
    }
}
