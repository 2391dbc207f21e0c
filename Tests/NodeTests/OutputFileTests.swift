import Foundation
import TestKit
import Testing
import WholeFiles

@testable import Node

@Suite struct OutputFileTests {
    let directory = TemporaryDirectory()

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
    }

    private func output(_ name: String, _ existing: OutputFile.Existing = .refused) throws -> OutputFile {
        try OutputFile(directory.file(name), as: "file", mode: 0o640, existing: existing)
    }

    /// Whatever ends the process meanwhile, there is no half of a file under its name.
    @Test func aFileHasItsNameOnceItIsWhole() throws {
        let file = try output("whole")
        try file.write(Array("first ".utf8))
        #expect(!(try names).contains("whole"))
        try file.write(Array("second".utf8))
        try file.finish()
        #expect(try names == ["whole"])
        #expect(try String(contentsOfFile: directory.file("whole"), encoding: .utf8) == "first second")
        let mode = try FileManager.default.attributesOfItem(atPath: directory.file("whole"))[.posixPermissions] as? Int
        #expect(mode == 0o640)
    }

    @Test func whatIsNotFinishedLeavesNothing() throws {
        do {
            let file = try output("half")
            try file.write([1, 2, 3])
        }
        #expect(try names == [])
    }

    @Test func aFileThatCameMeanwhileIsKept() throws {
        let file = try output("there")
        try file.write([1])
        try "precious".write(toFile: directory.file("there"), atomically: false, encoding: .utf8)
        let error = #expect(throws: FileError.self) { try file.finish() }
        #expect(error?.kind == .cannotCreate)
        #expect(try String(contentsOfFile: directory.file("there"), encoding: .utf8) == "precious")
        #expect(try names == ["there"])
    }

    @Test func aFileIsReplacedWhole() throws {
        try "precious".write(toFile: directory.file("there"), atomically: false, encoding: .utf8)
        let file = try output("there", .replaced)
        try file.write(Array("new".utf8))
        #expect(try String(contentsOfFile: directory.file("there"), encoding: .utf8) == "precious")
        try file.finish()
        #expect(try String(contentsOfFile: directory.file("there"), encoding: .utf8) == "new")
        #expect(try names == ["there"])
    }
}
