import Foundation
import TestKit
import Testing

/// `Plugins/NameCommit/name-commit.sh` in checkouts made for it: what the command calls its commit.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/git"), "needs git")) struct CommitNameTests {
    private let directory = TemporaryDirectory()
    private var folder: URL { directory.url }
    private var output: URL { folder.appendingPathComponent("out.swift") }

    @discardableResult
    private func run(_ path: String, _ arguments: [String], in directory: URL) throws -> String {
        let environment = [
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
        ]
        let result = try TestProcess.run([path] + arguments, in: directory, environment: environment)
        try #require(result.code == 0, "\(path) \(arguments)")
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func git(_ arguments: String..., in directory: URL) throws -> String { try run("/usr/bin/git", arguments, in: directory) }

    /// A folder with the files that the script looks at.
    private func makeSources(_ name: String) throws -> URL {
        let sources = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: sources.appendingPathComponent("Sources"), withIntermediateDirectories: true)
        for file in ["Package.swift", "Sources/a.swift", "README.md"] { try write("let a = 1\n", sources.appendingPathComponent(file)) }
        return sources
    }

    private func makeCheckout() throws -> URL {
        let checkout = try makeSources("checkout")
        _ = try git("init", "-q", in: checkout)
        _ = try git("add", "-A", in: checkout)
        _ = try git("commit", "-q", "-m", "first", in: checkout)
        return checkout
    }

    private func write(_ text: String, _ file: URL) throws { try text.write(to: file, atomically: true, encoding: .utf8) }

    /// What the script writes for a folder: the commit, or `nil`.
    private func name(_ checkout: URL) throws -> String? {
        let script = House.root.appendingPathComponent("Plugins/NameCommit/name-commit.sh").path
        try run("/bin/sh", [script, checkout.path, output.path], in: folder)
        let text = try String(contentsOf: output, encoding: .utf8)
        if text.contains("{ nil }") { return nil }
        return try String(#require(text.firstMatch(of: /\{ "([^"]+)" \}/)).1)
    }

    @Test func aCheckoutHasTheNameOfItsCommitAndAChangedOneSaysSo() throws {
        let checkout = try makeCheckout()
        let commit = try git("rev-parse", "--short=10", "HEAD", in: checkout)
        #expect(commit.count == 10)
        #expect(try name(checkout) == commit)
        try write("changed\n", checkout.appendingPathComponent("README.md"))
        #expect(try name(checkout) == commit, "what is not built does not count")
        try write("let a = 2\n", checkout.appendingPathComponent("Sources/a.swift"))
        #expect(try name(checkout) == commit + "-dirty")
        try write("let a = 1\n", checkout.appendingPathComponent("Sources/a.swift"))
        #expect(try name(checkout) == commit)
        try write("let b = 1\n", checkout.appendingPathComponent("Sources/b.swift"))
        #expect(try name(checkout) == commit + "-dirty", "a new source is built too")
        _ = try git("add", "-A", in: checkout)
        _ = try git("commit", "-q", "-m", "second", in: checkout)
        let second = try git("rev-parse", "--short=10", "HEAD", in: checkout)
        #expect(second != commit)
        #expect(try name(checkout) == second)
    }

    @Test func aTarballHasNoNameNotEvenWithinAnotherCheckout() throws {
        #expect(try name(makeSources("tarball")) == nil)
        _ = try makeCheckout()
        #expect(try name(makeSources("checkout/vendor/podoru")) == nil)
    }

    @Test func theFileIsLeftAloneWhenItSaysSoAlready() throws {
        let checkout = try makeCheckout()
        _ = try name(checkout)
        let past = Date(timeIntervalSince1970: 1_000_000_000)
        try FileManager.default.setAttributes([.modificationDate: past], ofItemAtPath: output.path)
        _ = try name(checkout)
        #expect(try FileManager.default.attributesOfItem(atPath: output.path)[.modificationDate] as? Date == past)
    }

    @Test func whatTheReadmesCommandsMakeIsIgnored() throws {
        let checkout = try makeCheckout()
        try FileManager.default.copyItem(
            at: House.root.appendingPathComponent(".gitignore"), to: checkout.appendingPathComponent(".gitignore"))
        // The last two are like files of the project, which are not ignored.
        let made = ["node.key", "genesis.json", "node.yaml", "data/data.mdb", "data/node.key", ".build/debug.yaml", "devnet/x"]
        for file in made + ["deploy/config/node.yaml", "Tests/Vectors/genesis.json"] {
            let place = checkout.appendingPathComponent(file)
            try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try write("x", place)
        }
        #expect(
            try git("status", "--porcelain", "--untracked-files=all", in: checkout)
                == "?? .gitignore\n?? Tests/Vectors/genesis.json\n?? deploy/config/node.yaml")
    }
}
