internal import SystemPackage
internal import Testing

@testable internal import Platform

@Suite(.timeLimit(.minutes(1))) struct FileTests {
    /// A folder that is there while `body` runs.
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = try FileSystem.makeTemporaryFolder("\(FileSystem.temporaryFolder)/podoru-platform-")
        defer { FileSystem.removeTree(folder) }
        try body(folder)
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        try inFolder { folder in
            let file = try FileDescriptor(opening: "\(folder)/a", .readWrite, .create, mode: 0o600)
            defer { file.closeQuietly() }
            try file.writeWhole(Array("0123456789".utf8))
            #expect(try file.readWhole(4, at: 3) == Array("3456".utf8))
            #expect(try file.readWhole(4, at: 8) == Array("89".utf8), "as far as the file goes")
            #expect(try file.readTail(3) == Array("789".utf8))
            #expect(try file.writeBytes(Array("x".utf8), at: 0) == 1)
            try file.setLength(2)
            #expect(try FileDescriptor(opening: "\(folder)/a", .readOnly).readToEnd(atMost: 100) == Array("x1".utf8))
            #expect(try file.status().size == 2)
        }
    }

    @Test func noMoreIsReadThanIsAskedFor() throws {
        let zeros = try FileDescriptor(opening: "/dev/zero", .readOnly)
        defer { zeros.closeQuietly() }
        #expect(try zeros.readToEnd(atMost: 100_000).count == 100_000)
    }

    @Test func whatIsOpenedClosesItselfInAChild() throws {
        let file = try FileDescriptor(opening: "/dev/null", .readOnly)
        defer { file.closeQuietly() }
        let copy = try file.duplicated()
        defer { copy.closeQuietly() }
        var launch = ChildProcess.Launch(
            "/bin/sh", ["-c", "test ! -e /proc/self/fd/\(file.rawValue) -a ! -e /proc/self/fd/\(copy.rawValue)"])
        launch.error = .null
        #expect(try ChildProcess(launch).waitForEnd() == .code(0))
    }

    @Test func aFailureIsTheSystems() throws {
        #expect(throws: Errno.noSuchFileOrDirectory) { try FileDescriptor(opening: "/no/such/file", .readOnly) }
        #expect(throws: Errno.noSuchFileOrDirectory) { try FileSystem.names(in: "/no/such/folder") }
        #expect("\(Errno.noSuchFileOrDirectory)" == "No such file or directory")
    }

    @Test func twoDoNotHaveOneLock() throws {
        try inFolder { folder in
            let first = try FileDescriptor(opening: "\(folder)/LOCK", .readWrite, .create, mode: 0o600)
            let second = try FileDescriptor(opening: "\(folder)/LOCK", .readWrite)
            defer { second.closeQuietly() }
            try first.lock(.exclusive)
            #expect(throws: Errno.wouldBlock) { try second.lock(.shared) }
            first.closeQuietly()
            try second.lock(.shared)
        }
    }

    @Test func aFolderIsListedAndRemovedWithAllThatIsInIt() throws {
        let folder = try FileSystem.makeTemporaryFolder("\(FileSystem.temporaryFolder)/podoru-platform-")
        try FileSystem.makeFolder("\(folder)/b", mode: 0o700)
        try FileDescriptor(opening: "\(folder)/b/c", .writeOnly, .create, mode: 0o600).closeQuietly()
        try FileDescriptor(opening: "\(folder)/a", .writeOnly, .create, mode: 0o600).closeQuietly()
        #expect(try FileSystem.names(in: folder).sorted() == ["a", "b"])
        FileSystem.removeTree(folder)
        #expect(!FileSystem.exists(folder))
    }

    @Test func aLinkTakesNoNameAndARenameTakesIt() throws {
        try inFolder { folder in
            for name in ["a", "b"] { try FileDescriptor(opening: "\(folder)/\(name)", .writeOnly, .create, mode: 0o600).closeQuietly() }
            #expect(throws: Errno.fileExists) { try FileSystem.link("\(folder)/a", to: "\(folder)/b") }
            try FileSystem.rename("\(folder)/a", to: "\(folder)/b")
            #expect(try FileSystem.names(in: folder) == ["b"])
        }
    }

    @Test func theFolderOfAPathIsWhatIsBeforeItsName() {
        #expect(FileSystem.folder(of: "/a/b") == "/a")
        #expect(FileSystem.folder(of: "/a") == "/")
        #expect(FileSystem.folder(of: "a") == ".")
    }
}
