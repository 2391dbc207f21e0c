import ChainService
import Foundation
import TestKit
import Testing

/// Where commands write, and what is in the way there.
@Suite struct OutputTests {
    let tool: CommandLineTool
    private static let genesis = Vectors.folder.appendingPathComponent("genesis.json").path
    private static let chain = Vectors.folder.appendingPathComponent("chain-130.jsonl.gz").path
    private static let authority = "0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836"

    /// The commands that write a file, without its name.
    enum Writer: CaseIterable {
        case export, genesis, keygen

        var arguments: [String] {
            switch self {
            case .export: ["export", "--data-dir", "data"]
            case .genesis: ["genesis", "-a", OutputTests.authority, "-o"]
            case .keygen: ["keygen", "-o"]
            }
        }

        /// How it is told to replace a file; a key is never replaced.
        var force: [String] { self == .keygen ? [] : ["--force"] }
    }

    init() throws {
        tool = try CommandLineTool()
        _ = try tool.run("import", "--data-dir", "data", "--genesis", Self.genesis, Self.chain)
    }

    private func path(_ name: String) -> String { tool.folder.appendingPathComponent(name).path }

    private func shell(_ script: String) throws -> CommandLineTool.Result {
        try TestProcess.run(["/bin/bash", "-c", script, CommandLineTool.binary.path], in: tool.folder)
    }

    @Test(arguments: Writer.allCases) func aFileThatIsThereIsKeptUnlessForced(writer: Writer) throws {
        try tool.write("there", "precious")
        let refused = try tool.run(writer.arguments + ["there"])
        #expect(refused.code == 73)
        #expect(refused.errors.contains("there is there already and is not overwritten"), "\(refused.errors)")
        #expect(refused.errors.contains("--force") == !writer.force.isEmpty, "\(refused.errors)")
        #expect(try tool.read("there") == "precious")
        #expect(refused.output.isEmpty)
        guard !writer.force.isEmpty else { return }
        let forced = try tool.run(writer.arguments + writer.force + ["there"].filter { _ in writer == .export })
        // The option stands before the name that -o takes.
        if writer == .export { #expect(forced.code == 0, "\(forced.errors)") }
        let again = try tool.run(writer.arguments + ["there"] + writer.force)
        #expect(again.code == 0, "\(again.errors)")
        #expect(try tool.read("there").hasPrefix("{"))
        #expect(try tool.files == ["data", "there"], "nothing is left beside it")
    }

    @Test(arguments: Writer.allCases) func aFolderASocketAndALinkToNowhereAreRefused(writer: Writer) throws {
        try FileManager.default.createDirectory(atPath: path("folder"), withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(atPath: path("dangling"), withDestinationPath: "nowhere")
        let socket = try shell("exec 3<>/dev/null; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"socket\")' && echo made")
        var places = [("folder", "is a folder"), ("dangling", "is a symbolic link to a file that is not there")]
        if socket.output == "made\n" { places.append(("socket", "is a socket")) }
        for (name, reason) in places {
            for force in Set([[], writer.force]) {
                let result = try tool.run(writer.arguments + [name] + force)
                #expect(result.code == 73, "\(name): \(result.errors)")
                #expect(result.errors.contains("\(name) \(reason)"), "\(result.errors)")
            }
        }
        #expect(try tool.files == (["dangling", "data", "folder"] + (places.count > 2 ? ["socket"] : [])).sorted())
        #expect(try tool.run(writer.arguments + ["no/such/folder"]).code == 73)
    }

    @Test(arguments: Writer.allCases) func aLinkIsKeptAndItsFileTreatedAsItself(writer: Writer) throws {
        try tool.write("target", "precious")
        try FileManager.default.createSymbolicLink(atPath: path("link"), withDestinationPath: "target")
        #expect(try tool.run(writer.arguments + ["link"]).code == 73)
        #expect(try tool.read("target") == "precious")
        guard !writer.force.isEmpty else { return }
        #expect(try tool.run(writer.arguments + ["link"] + writer.force).code == 0)
        #expect(try tool.read("target").hasPrefix("{"))
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path("link")) == "target")
    }

    @Test(arguments: Writer.allCases) func aPipeIsWrittenThroughAndStaysAPipe(writer: Writer) throws {
        let result = try shell(
            "mkfifo pipe && { cat pipe > got & \"$0\" \(writer.arguments.joined(separator: " ")) pipe; code=$?; wait; exit $code; }")
        #expect(result.code == 0, "\(result.errors)")
        #expect(try FileManager.default.attributesOfItem(atPath: path("pipe"))[.type] as? FileAttributeType != .typeRegular)
        let got = try tool.read("got")
        #expect(writer == .keygen ? got.count == 64 : got.hasPrefix("{"))
        #expect(result.output.split(separator: "\n").count == 1, "the answer as always: \(result.output)")
        #expect(try tool.files == ["data", "got", "pipe"])
    }

    @Test(.enabled(if: geteuid() == 0, "only root makes devices"), arguments: Writer.allCases)
    func aDeviceIsWrittenThroughAndStaysADevice(writer: Writer) throws {
        guard mknod(path("null"), S_IFCHR | 0o666, 0x103) == 0 else { return }
        for force in Set([[], writer.force]) {
            let result = try tool.run(writer.arguments + ["null"] + force)
            // A file system may be mounted so that its devices cannot be opened.
            #expect([0, 77].contains(result.code), "\(result.errors)")
            #expect(try FileManager.default.attributesOfItem(atPath: path("null"))[.type] as? FileAttributeType == .typeCharacterSpecial)
        }
        #expect(try tool.run(writer.arguments + ["/dev/null"]).code == 0)
        #expect(try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType == .typeCharacterSpecial)
    }

    // MARK: Standard output and input

    @Test(arguments: ["-", "/dev/stdout"]) func anExportToStandardOutputIsBlocksAndNothingElse(name: String) throws {
        let result = try shell("set -o pipefail; \"$0\" export --data-dir data \(name) | cat")
        #expect(result.code == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n")
        #expect(lines.count == 131 && lines.allSatisfy { $0.hasPrefix("{\"header\":") })
        #expect(result.errors.hasPrefix("{\"height\":130,\"hash\":\"0x"), "the answer gives way: \(result.errors)")
        #expect(try tool.files == ["data"])
    }

    @Test func blocksGoThroughAPipeFromOneStoreToAnother() throws {
        let result = try shell(
            """
            set -o pipefail
            "$0" export --data-dir data - 2>exported | "$0" import --data-dir plain --genesis '\(Self.genesis)' - &&
            "$0" export --data-dir data - 2>exported | gzip | "$0" import --data-dir packed --genesis '\(Self.genesis)' - &&
            "$0" import --data-dir named --genesis '\(Self.genesis)' <("$0" export --data-dir data - 2>exported) &&
            "$0" import --data-dir piped --genesis - '\(Self.chain)' < '\(Self.genesis)'
            """)
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.split(separator: "\n").count { $0.hasPrefix("{\"height\":130,") } == 4, "\(result.output)")
        #expect(try tool.files == ["data", "exported", "named", "packed", "piped", "plain"])
        #expect(try tool.run("import", "--data-dir", "x", "--genesis", "-", "-").code == 64)
    }

    @Test func keysAndAGenesisGoThroughPipes() throws {
        let made = try tool.run("keygen", "-o", "-")
        #expect(made.code == 0 && made.output.wholeMatch(of: /[0-9a-f]{64}/) != nil, "the key and nothing else")
        let address = made.errors.line
        let key = Data(made.output.utf8)
        #expect(try tool.run("address", "-", input: key).output.line == address)
        #expect(try tool.run("genesis", "-a", "-", "-o", "-", input: key).output.contains(address))
        let signed = try tool.run(
            "tx", "set", "k", "v", "--nonce", "1", "--dry-run", "--key-file", "-", "--api", "127.0.0.1:1", input: key)
        #expect(signed.code == 0 && signed.output.contains(address), "\(signed.errors)")
        #expect(try tool.run("check-config", "-", input: Data("p2p_port: 9001\n".utf8)).code == 0)
        #expect(try tool.run("check-config", "-", input: Data("p2p_port: x\n".utf8)).errors.hasPrefix("-:1:11:"))
        #expect(try tool.run("run", "--config", "-").code == 64)
        #expect(try tool.run("address", "-", input: Data("no key".utf8)).code == 65)
        #expect(try tool.files == ["data"], "no file is called -")
    }

    // MARK: What cannot be written

    private static let answers = [
        "export --data-dir data -", "export --data-dir data out.jsonl", "genesis -a \(authority)", "genesis -a \(authority) -o g.json",
        "keygen -o new.key", "keygen -o -", "address a.key", "inspect tx tx.json", "verify --data-dir data", "backup --data-dir data copy",
        "import --data-dir data '\(chain)'", "check-config node.yaml", "--help", "help export", "--version",
        "--generate-completion-script bash",
    ]

    @Test func aFailingWriteToStandardOutputEndsInWordsAndWith74() throws {
        _ = try tool.run("keygen", "-o", "a.key")
        try tool.write("tx.json", "{}")
        try tool.write("node.yaml", "")
        for answer in Self.answers {
            for (place, reason) in [(">/dev/full", "the disk is full"), (">&-", "it is closed"), ("| true", "nobody reads it any more")] {
                // The reader of the pipe is gone before anything is written.
                let command =
                    place == "| true" ? "exec 4> >(exec true); wait $!; \"$0\" \(answer) >&4 2>err" : "\"$0\" \(answer) \(place) 2>err"
                let result = try shell("\(command); code=$?; cat err >&2; rm -rf err out.jsonl g.json new.key copy; exit $code")
                #expect(result.code == 74, "\(answer) \(place): \(result.code) \(result.errors)")
                #expect(
                    result.errors.contains("podoru: cannot write to standard output: \(reason)"), "\(answer) \(place): \(result.errors)")
            }
        }
        #expect(try tool.run("verify", "--data-dir", "data").code == 0, "no answer has landed in the store")
    }

    @Test func aFullDeviceIsToldForTheFileToo() throws {
        for writer in Writer.allCases {
            let result = try tool.run(writer.arguments + ["/dev/full"])
            #expect(result.code == 74, "\(result.errors)")
            #expect(result.errors.contains("/dev/full: the disk is full"), "\(result.errors)")
        }
    }
}
