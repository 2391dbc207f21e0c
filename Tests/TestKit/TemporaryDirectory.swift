public import Foundation

/// A directory of one test, removed with the value.
public final class TemporaryDirectory: Sendable {
    /// Where it is.
    public let path: String

    /// Makes an empty one.
    public init() {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("podoru-test-\(UUID().uuidString)").path
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { remove() }

    /// As `path`, as a URL.
    public var url: URL { URL(fileURLWithPath: path) }

    /// The path of what is in it under a name.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Removes it now, before the value is gone.
    public func remove() { try? FileManager.default.removeItem(atPath: path) }
}
