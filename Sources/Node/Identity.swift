internal import Platform
internal import Primitives
internal import WholeFiles

/// The identity key of a node that has no `private_key`.
enum Identity {
    private static let name = "node.key"

    static func loadOrMake(in directory: String) throws(FileError) -> PrivateKey {
        let path = "\(directory)/\(name)"
        if FileSystem.exists(path) { return try Files.loadKey(path) }
        var generator = SystemRandomNumberGenerator()
        let key = PrivateKey.generate(using: &generator)
        try Files.write(Hex.encode(key.secretBytes) + [UInt8(ascii: "\n")], to: path, as: "identity key", mode: 0o600, replaces: false)
        return key
    }
}
