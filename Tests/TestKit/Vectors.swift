public import Foundation

/// The reference vectors, read from the copy under `Tests/Vectors`.
public enum Vectors {
    /// The folder of the vectors, found from this source file, so that tests run from any directory.
    public static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Vectors")

    /// The bytes of one file.
    public static func data(_ name: String) throws -> Data {
        try Data(contentsOf: folder.appendingPathComponent(name))
    }

    /// One JSON file, decoded with Foundation, which is independent of the code under test.
    public static func decode<T: Decodable>(_ type: T.Type, from name: String) throws -> T {
        try JSONDecoder().decode(type, from: data(name))
    }
}
