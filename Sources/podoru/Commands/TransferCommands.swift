internal import ArgumentParser
internal import ChainService
internal import ChainTools
internal import Ledger
internal import Node
internal import Platform
internal import Primitives
internal import Storage
internal import Terminal
internal import WholeFiles

/// `podoru import`: blocks from a file into a store.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import blocks from a file of JSON lines, plain or gzip.",
        discussion: """
            Each block is checked like one from a peer. Blocks that the store has are skipped. The first bad block ends the \
            import with code 65 and its line, height and reason; what came before it is kept. So does a file without any block. \
            The last line on standard output is {"height","hash","state_root","blocks","seconds"}. The node must not run meanwhile.
            """)

    @Option(help: ArgumentHelp("The data directory; made when missing.", valueName: "folder"), completion: .directory)
    var dataDir: String
    @Option(
        help: ArgumentHelp("The genesis file; a store that has a chain knows its own.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var genesis: String?
    @Argument(help: "The file, or - for standard input.", completion: .file())
    var file: String

    func validate() throws {
        try Transfer.check(dataDir)
        if file == "-", genesis == "-" { throw ValidationError("standard input is the blocks or the genesis, not both") }
    }

    func run() throws {
        let outcome = try Transfer.mapErrors(file) {
            let reader = try BlockFileReader(path: file)
            let chain = try ChainDirectory(dataDir, genesis: try Transfer.genesis(genesis))
            let pool = SignaturePool(rules: chain.engine.rules)
            let importer = BlockImporter(engine: chain.engine, pool: pool, now: { CommandClock.moment })
            var bar = ProgressBar(verb: "imported")
            defer { bar.close() }
            return try importer.run(reader) { bar.show($0) }
        }
        try Transfer.end(outcome, subject: file == "-" ? "standard input" : file)
    }
}

/// `podoru export`: the blocks of a store into a file.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Export a store's blocks as JSON lines; gzip when the file's name ends in .gz.",
        discussion: """
            Works beside a running node: it exports one snapshot. A file that is there already is overwritten with --force only; a \
            pipe or a device is written through. The last line on standard output, or on standard error when the blocks go to \
            standard output, is {"height","hash","state_root","blocks","seconds"}. A --from above the newest block ends with 66.
            """)

    @Option(help: ArgumentHelp("The data directory.", valueName: "folder"), completion: .directory)
    var dataDir: String
    @Option(help: ArgumentHelp("The first height.", valueName: "height"))
    var from: UInt64 = 0
    @Flag(name: .shortAndLong, help: "Replace a file that is there.")
    var force = false
    @Argument(help: "The file to write, or - for standard output.", completion: .file())
    var file: String

    func validate() throws { try Transfer.check(dataDir) }

    func run() throws {
        // Known before the file is there.
        let isAnswerTaken = OutputFile.isStandardOutput(file)
        let outcome = try Transfer.mapErrors(dataDir) {
            let store = try LMDBStore(directory: dataDir, access: .readOnly)
            var bar = ProgressBar(verb: "exported")
            defer { bar.close() }
            return try BlockExporter(reader: store.reader, now: { CommandClock.moment }).run(
                to: file, from: from, existing: force ? .replaced : .refusedUnlessForced
            ) { bar.show($0) }
        }
        try Transfer.end(outcome, subject: file, isAnswerTaken: isAnswerTaken)
    }
}

/// `podoru verify`: a whole store, checked again.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a whole store again: every page, block, signature and the state.",
        discussion: "The node must not run meanwhile. Needs as much free space beside the store as the chain takes.")

    @Option(help: ArgumentHelp("The data directory.", valueName: "folder"), completion: .directory)
    var dataDir: String
    @Option(
        help: ArgumentHelp("The genesis file; a store knows its own once a chain was imported or run.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var genesis: String?

    func validate() throws { try Transfer.check(dataDir) }

    func run() throws {
        let outcome = try Transfer.mapErrors(dataDir) {
            var bar = ProgressBar(verb: "checked")
            defer { bar.close() }
            let verifier = StoreVerifier(directory: dataDir, genesis: try Transfer.genesis(genesis), now: { CommandClock.moment })
            return try verifier.run { bar.show($0) }
        }
        try Transfer.end(outcome, subject: dataDir)
    }
}

/// What the commands on a store have in common.
enum Transfer {
    /// A folder cannot be a stream.
    static func check(_ dataDir: String) throws {
        if dataDir == "-" { throw ValidationError("--data-dir names a folder: - stands for standard input and output") }
    }

    static func genesis(_ path: String?) throws -> Genesis? {
        guard let path else { return nil }
        let json = try Files.readInput(path, as: "genesis file", maxBytes: Files.maxGenesisBytes)
        do throws(GenesisError) {
            return try Genesis(decoding: json)
        } catch {
            throw CommandFailure(.badData, "the genesis file \(Redaction.value(path)) starts no chain: \(error)")
        }
    }

    /// Runs `body`; what the node's modules throw becomes the command's failure with its exit code.
    ///
    /// - Parameter subject: what was worked on, for errors that do not name it.
    static func mapErrors(_ subject: String, _ body: () throws -> TransferOutcome) throws -> TransferOutcome {
        do {
            return try body()
        } catch let error as NothingToExport {
            throw CommandFailure(.noInput, "\(subject): \(error)")
        } catch let fault as TransferFault {
            throw CommandFailure(.badData, "\(subject): \(fault)")
        } catch let error as StoreError {
            throw CommandFailure(code(of: error), error.description)
        } catch let error as ChainDirectoryError {
            switch error {
            case .store(let store): throw CommandFailure(code(of: store), error.description)
            case .noGenesis: throw CommandFailure(.usage, error.description + " with --genesis")
            case .chain(.otherGenesis), .otherRules, .storedGenesis, .genesisFile: throw CommandFailure(.badData, error.description)
            case .chain: throw CommandFailure(.inputOutput, error.description)
            }
        } catch let error as BlockFileError {
            throw CommandFailure(code(of: error), error.description)
        } catch let error as ChainError {
            throw CommandFailure(.inputOutput, error.description)
        }
    }

    static func code(of error: StoreError) -> SystemExit {
        switch error.kind {
        case .missing: .noInput
        case .denied: .permission
        case .corrupted, .format, .inconsistent: .badData
        case .locked: .unavailable
        case .notAFile: .cannotCreate
        case .diskFull, .io, .limit: .inputOutput
        case .misuse: .internalError
        }
    }

    private static func code(of error: BlockFileError) -> SystemExit {
        switch error.kind {
        case .missing: .noInput
        case .denied: .permission
        case .notAFile, .malformed: .badData
        case .io: .inputOutput
        }
    }

    /// The closing line, then the failure when there was one.
    ///
    /// - Parameter isAnswerTaken: standard output has the blocks, so the line goes beside it.
    static func end(_ outcome: TransferOutcome, subject: String, isAnswerTaken: Bool = false) throws {
        let line =
            JSONWriter.object { json in
                json.member("height", outcome.head.height)
                json.member("hash", outcome.head.hash.prefixedHex)
                json.member("state_root", outcome.head.stateRoot.prefixedHex)
                json.member("blocks", outcome.blocks)
                let milliseconds = UInt64(max(0, outcome.seconds) * 1000)
                let fraction = String(1000 + milliseconds % 1000).dropFirst()
                json.member("seconds") { $0.raw(Array("\(milliseconds / 1000).\(fraction)".utf8)) }
            } + [UInt8(ascii: "\n")]
        if isAnswerTaken { StandardError.put(String(decoding: line, as: UTF8.self)) } else { try StandardOutput.put(line) }
        if let fault = outcome.fault { throw CommandFailure(.badData, "\(Redaction.value(subject)): \(fault)") }
    }
}

/// One line that grows, on a terminal only.
private struct ProgressBar {
    private static let width = 30
    private let verb: String
    private var isShown = false

    init(verb: String) {
        self.verb = verb
    }

    mutating func show(_ progress: TransferProgress) {
        guard StandardError.isTerminal else { return }
        isShown = true
        let filled = Int(progress.fraction * Double(ProgressBar.width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: ProgressBar.width - filled)
        let left = progress.remainingSeconds.map { ", \(Int($0.rounded(.up))) s left" } ?? ""
        StandardError.put(
            "\r\u{1B}[2K\(bar) \(verb) \(progress.blocks) blocks to height \(progress.height), \(Int(progress.blocksPerSecond)) blocks/s\(left)"
        )
    }

    func close() {
        if isShown { StandardError.put("\n") }
    }
}

/// The clock of commands.
enum CommandClock {
    static var moment: Moment {
        Moment(uptime: SystemClock.uptimeMilliseconds * 1_000_000, unixMilliseconds: SystemClock.unixMilliseconds)
    }
}
