import Foundation
import TestKit

/// The built `podoru`, run as an operator runs it, in a folder of its own that goes with the value.
struct CommandLineTool {
    typealias Result = TestProcess.Result

    private let directory = TemporaryDirectory()
    /// An empty folder; commands run in it.
    var folder: URL { directory.url }

    static let binary = TestProcess.podoru

    init() throws {}

    /// Runs the command to its end. The input must fit a pipe (64 KiB) or the command must read all of it.
    func run(_ arguments: String..., input: Data = Data(), environment: [String: String] = [:]) throws -> Result {
        try run(arguments, input: input, environment: environment)
    }

    /// - Parameter wrapper: a command that runs the command, such as `timeout 60`, by its path.
    func run(
        _ arguments: [String], input: Data = Data(), environment: [String: String] = [:], through wrapper: [String] = []
    ) throws -> Result {
        try TestProcess.run(wrapper + [Self.binary.path] + arguments, in: folder, environment: environment, input: input)
    }

    // Files.

    func write(_ name: String, _ text: String, mode: Int = 0o600) throws {
        try write(name, Data(text.utf8), mode: mode)
    }

    func write(_ name: String, _ data: Data, mode: Int = 0o600) throws {
        let path = directory.file(name)
        try data.write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
    }

    func mode(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: directory.file(name))[.posixPermissions] as? Int
    }

    var files: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
    }
}

extension String {
    /// Without the line end.
    var line: String { hasSuffix("\n") ? String(dropLast()) : self }
}
