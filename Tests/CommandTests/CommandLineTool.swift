import Foundation
import WholeFiles

/// The built `podoru`, run as an operator runs it, in a folder of its own.
struct CommandLineTool {
    /// An empty folder; commands run in it.
    let folder: URL

    struct Result {
        var code: Int32
        var output: String
        var errors: String
    }

    /// Beside the test bundle: both are products of one build.
    static let binary: URL = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }.map { URL(fileURLWithPath: $0) }
        let running = bundle ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return running.deletingLastPathComponent().appendingPathComponent("podoru")
    }()

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("podoru-command-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// Runs the command to its end. The input must fit a pipe (64 KiB) or the command must read all of it.
    func run(_ arguments: String..., input: Data = Data(), environment: [String: String] = [:]) throws -> Result {
        try run(arguments, input: input, environment: environment)
    }

    /// - Parameter wrapper: a command that runs the command, such as `timeout 60`, by its path.
    func run(
        _ arguments: [String], input: Data = Data(), environment: [String: String] = [:], through wrapper: [String] = []
    ) throws -> Result {
        let process = Process()
        let command = wrapper + [Self.binary.path] + arguments
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.currentDirectoryURL = folder
        process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        let (standardInput, output, errors) = (Pipe(), folder.appendingPathComponent(".out"), folder.appendingPathComponent(".err"))
        for file in [output, errors] { try Data().write(to: file) }
        process.standardInput = standardInput
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        // Nothing to write must not meet a pipe that a command without input has closed.
        if !input.isEmpty { try standardInput.fileHandleForWriting.write(contentsOf: input) }
        try standardInput.fileHandleForWriting.close()
        process.waitUntilExit()
        defer { for file in [output, errors] { try? FileManager.default.removeItem(at: file) } }
        return Result(
            code: process.terminationStatus, output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }

    // Files.

    func write(_ name: String, _ text: String, mode: Int = 0o600) throws {
        try write(name, Data(text.utf8), mode: mode)
    }

    func write(_ name: String, _ data: Data, mode: Int = 0o600) throws {
        let path = folder.appendingPathComponent(name)
        try data.write(to: path)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path.path)
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
    }

    func mode(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: folder.appendingPathComponent(name).path)[.posixPermissions] as? Int
    }

    var files: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
    }
}

extension String {
    /// Without the line end.
    var line: String { hasSuffix("\n") ? String(dropLast()) : self }
}
