/// Why a node could not start, or had to stop. Each case is one answer for whoever runs it (`operations.md`, "Exit codes").
public enum NodeError: Error, Sendable, CustomStringConvertible {
    /// The configuration contradicts the genesis, the key or itself.
    case configuration(String)
    /// The genesis file cannot be read or is wrong.
    case genesis(path: String, String)
    case file(FileError)
    /// The data directory cannot be opened, is damaged, or belongs to another chain.
    case store(String)
    /// The permissions of the data directory, or a file system for reading only, forbid to use it.
    case denied(String)
    /// The data belongs to another genesis.
    case otherGenesis(String)
    /// The listening address is taken or is not ours.
    case address(String)
    case system(String)

    public var description: String {
        switch self {
        case .configuration(let text), .store(let text), .denied(let text), .otherGenesis(let text), .address(let text), .system(let text):
            text
        case .genesis(let path, let text): "the genesis file \(path) is wrong: \(text)"
        case .file(let error): error.description
        }
    }
}
