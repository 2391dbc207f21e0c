import ChainService
import ChainTools
import EventLoop
import Foundation
import Ledger
import Platform
import Primitives
import TestKit
import Testing

@testable import Node
@testable import Storage

/// Stores whose file was changed behind the node's back: it starts and what it serves is right, or it refuses with a sentence.
@Suite(.timeLimit(.minutes(10))) struct DamageTests {
    private static let pageBytes = 4096
    private let directory = TemporaryDirectory()
    private let genesis: Genesis
    private let blocks: [[UInt8]]
    /// The file of a sound store of the reference's chain, without its unused end.
    private let sound: [UInt8]

    init() throws {
        genesis = try ReferenceChain.genesis()
        blocks = try ReferenceChain.lines()
        let path = directory.file("sound")
        try ReferenceChain.importBlocks(blocks, genesis: genesis, into: path, scratch: directory)
        let summary = try #require(try StoreInspector.inspect(directory: path, fullCheckBytes: .max))
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "\(path)/data.mdb"))
        defer { try? file.close() }
        sound = Array(try #require(try file.read(upToCount: summary.usedBytes)))
    }

    private enum Verdict: String {
        /// The node does not start.
        case refused
        /// It starts; the whole check finds what is wrong.
        case found
        /// Nobody is concerned.
        case harmless
    }

    /// Starts on `image` as a node does, has every block read as a peer would, and checks the store as `podoru verify` does.
    private func judge(_ image: [UInt8], _ what: String) throws -> Verdict {
        let path = directory.file("damaged")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(image).write(to: URL(fileURLWithPath: "\(path)/data.mdb"))
        var isServedWhole = true
        do throws(ChainDirectoryError) {
            isServedWhole = serves(try ChainDirectory(path, genesis: genesis), what)
        } catch {
            #expect(error.description.contains("damaged") && error.description.contains("podoru backup"), "\(what): \(error)")
            return .refused
        }
        let fault: String?
        do {
            fault = try StoreVerifier(directory: path, now: { ReferenceChain.now }).run().fault?.description
        } catch {
            fault = "\(error)"
        }
        #expect(isServedWhole || fault != nil, "\(what) is not found")
        return fault == nil ? .harmless : .found
    }

    /// Whether all blocks are there; a block that is there is the right one.
    private func serves(_ chain: ChainDirectory, _ what: String) -> Bool {
        #expect(chain.engine.head.height == UInt64(blocks.count) - 1, "\(what)")
        return blocks.indices.reduce(true) { isWhole, height in
            let served = try? chain.store.reader.read { try $0.blocks(from: UInt64(height), count: 1, maxBytes: .max).payload }
            if let served { #expect(served == [UInt8(ascii: "[")] + blocks[height] + [UInt8(ascii: "]")], "\(what): block \(height)") }
            return isWhole && served != nil
        }
    }

    private func told(_ verdicts: [Verdict: Int]) -> String {
        verdicts.map { "\($0.value) \($0.key.rawValue)" }.sorted().joined(separator: ", ")
    }

    @Test func aSoundStoreIsServed() throws {
        #expect(try judge(sound, "nothing") == .harmless)
    }

    @Test func flippedBitsAreRefusedOrFoundOrHarmless() async throws { try await onAThread { try flipBits() } }

    private func flipBits() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("flipped bits: seed \(seed)")
        var random = SplitMix64(seed: seed)
        var verdicts: [Verdict: Int] = [:]
        for number in 0..<120 {
            // Every second one among the first bytes of a page, where its structure is.
            let page = Int.random(in: 0..<sound.count / Self.pageBytes, using: &random)
            let byte = page * Self.pageBytes + Int.random(in: 0..<(number % 2 == 0 ? Self.pageBytes : 64), using: &random)
            let bit = Int.random(in: 0..<8, using: &random)
            var image = sound
            image[byte] ^= 1 << UInt8(bit)
            verdicts[try judge(image, "bit \(bit) of byte \(byte)"), default: 0] += 1
        }
        print("flipped bits: \(told(verdicts))")
        #expect(verdicts[.refused, default: 0] > 10 && verdicts[.found, default: 0] > 10)
    }

    /// What a disk that lost or mixed up writes leaves.
    @Test(arguments: ["zeroed", "swapped", "repeated"])
    func lostPagesAreRefusedOrFoundOrHarmless(kind: String) async throws {
        try await onAThread { try losePages(kind) }
    }

    private func losePages(_ kind: String) throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("\(kind) pages: seed \(seed)")
        var random = SplitMix64(seed: seed)
        var verdicts: [Verdict: Int] = [:]
        for _ in 0..<20 {
            let pages = (0..<2).map { _ in Int.random(in: 0..<sound.count / Self.pageBytes, using: &random) }
            let places = pages.map { $0 * Self.pageBytes..<($0 + 1) * Self.pageBytes }
            var image = sound
            switch kind {
            case "zeroed": image.replaceSubrange(places[0], with: repeatElement(0, count: Self.pageBytes))
            case "swapped":
                image.replaceSubrange(places[0], with: sound[places[1]])
                image.replaceSubrange(places[1], with: sound[places[0]])
            default: image.replaceSubrange(places[0], with: sound[places[1]])
            }
            verdicts[try judge(image, "\(kind) pages \(pages)"), default: 0] += 1
        }
        print("\(kind) pages: \(told(verdicts))")
        #expect(verdicts[.refused, default: 0] + verdicts[.found, default: 0] > 5)
    }

    @Test func aCutOffFileIsRefusedAtEveryLength() async throws { try await onAThread { try cutOff() } }

    private func cutOff() throws {
        var random = SplitMix64(seed: 1)
        let pages = sound.count / Self.pageBytes
        var lengths = [1, 100, Self.pageBytes, 2 * Self.pageBytes, sound.count / 2, sound.count - Self.pageBytes, sound.count - 1]
        lengths += (0..<10).map { _ in Int.random(in: 1..<pages, using: &random) * Self.pageBytes }
        for length in lengths { #expect(try judge(Array(sound[..<length]), "cut to \(length)") == .refused, "\(length)") }
    }

    /// Of a large store only the newest pages are read at the start. What else is damaged is an error when it is read, or one sentence and
    /// exit code 74 where LMDB itself strays.
    @Test func pagesThatTheStartDoesNotReadEndTheirReaderInWordsAtWorst() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("unread pages: seed \(seed)")
        try Data(sound).write(to: URL(fileURLWithPath: directory.file("image")))
        let result = await #expect(processExitsWith: .exitCode(74), observing: [\.standardErrorContent]) {
            [folder = directory.path as String, seed = seed as UInt64] in
            StoreFaults.endInWords(exitCode: 74)
            let sound = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/image")))
            var random = SplitMix64(seed: seed)
            for _ in 0..<400 {
                let page = Int.random(in: 2..<sound.count / Self.pageBytes, using: &random)
                // The header and the offsets, or the nodes.
                let byte = Bool.random(using: &random) ? 0..<128 : Self.pageBytes / 2..<Self.pageBytes
                var image = sound
                image[page * Self.pageBytes + Int.random(in: byte, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                try Self.readEverything(image, "\(folder)/unread")
            }
            exit(74)
        }
        let told = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(!told.contains("podoru: ") || told.contains("is damaged: LMDB met a page that cannot be right"), "\(told)")
    }

    @Test func aStrayAddressOfLMDBEndsInWords() async throws {
        try Data(sound).write(to: URL(fileURLWithPath: directory.file("image")))
        let result = await #expect(processExitsWith: .exitCode(74), observing: [\.standardErrorContent]) {
            [folder = directory.path as String] in
            StoreFaults.endInWords(exitCode: 74)
            let sound = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/image")))
            for page in 2..<sound.count / Self.pageBytes {
                // Nodes with several values, which this store does not have: its cursors have no room for them.
                try Self.readEverything(Self.flaggingNodes(of: page, in: sound, 0x04), "\(folder)/unread")
            }
        }
        let told = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(told.contains("/unread/data.mdb is damaged: LMDB met a page that cannot be right; "), "\(told)")
    }

    @Test(arguments: [SIGSEGV, SIGBUS]) func aSignalThatSomebodySendsEndsTheProcess(number: Int32) async throws {
        try Data(sound).write(to: URL(fileURLWithPath: directory.file("image")))
        let result = await #expect(processExitsWith: .signal(number), observing: [\.standardErrorContent]) {
            [folder = directory.path as String, number = number as Int32] in
            CrashReport.install(program: "tool", version: "1")
            StoreFaults.endInWords(exitCode: 74)
            try Self.readEverything([UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/image"))), "\(folder)/unread")
            kill(getpid(), number)
            while true { pause() }
        }
        let told = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(!told.contains("podoru: the store"), "\(told)")
    }

    @Test func aFileOfAnotherKindThatIsCutOffIsNotTheStores() async throws {
        try Data(sound).write(to: URL(fileURLWithPath: directory.file("image")))
        let result = await #expect(processExitsWith: .signal(SIGBUS), observing: [\.standardErrorContent]) {
            [folder = directory.path as String] in
            CrashReport.install(program: "tool", version: "1")
            StoreFaults.endInWords(exitCode: 74)
            let image = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/image")))
            try FileManager.default.createDirectory(atPath: "\(folder)/open", withIntermediateDirectories: true)
            try Data(image).write(to: URL(fileURLWithPath: "\(folder)/open/data.mdb"))
            let store = try LMDBStore(directory: "\(folder)/open")
            let file = open("\(folder)/image", O_RDONLY)
            let page = mmap(nil, Self.pageBytes, PROT_READ, MAP_SHARED, file, 0)
            truncate("\(folder)/image", 0)
            print(page?.load(as: UInt8.self) as Any, store)
        }
        let told = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(!told.contains("podoru: the store"), "\(told)")
    }

    @Test func aValueThatWouldRunOverTheEndOfTheMapIsAnError() async throws { try await onAThread { try lengthenValues() } }

    private func lengthenValues() throws {
        var refused = 0
        for page in 2..<sound.count / Self.pageBytes {
            // The upper half of a value's size.
            let image = Self.flaggingNodes(of: page, in: sound, 0xFF, at: 3)
            refused += try Self.readEverything(image, directory.file("unread"))
        }
        #expect(refused > 0)
    }

    /// `image` with `flag` set in one byte of the head of each node of a page, when it is a leaf.
    private static func flaggingNodes(of page: Int, in image: [UInt8], _ flag: UInt8, at byte: Int = 4) -> [UInt8] {
        var image = image
        let start = page * pageBytes
        guard image[start + 10] == 2, image[start + 11] == 0 else { return image }
        let lower = Int(image[start + 12]) + Int(image[start + 13]) << 8
        for offset in stride(from: start + 16, to: start + min(lower, pageBytes), by: 2) {
            image[start + Int(image[offset]) + Int(image[offset + 1]) << 8 + byte] |= flag
        }
        return image
    }

    /// Asks a store whose file is `image`, of which only what the start needs is checked, for everything; says how many entries were
    /// refused for running over the end.
    @discardableResult
    private static func readEverything(_ image: [UInt8], _ path: String) throws -> Int {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(image).write(to: URL(fileURLWithPath: "\(path)/data.mdb"))
        guard let store = try? LMDBStore(directory: path, options: StoreOptions(fullCheckBytes: 0)) else { return 0 }
        var refused = 0
        for height in 0...130 as ClosedRange<UInt64> {
            do {
                _ = try store.block(atHeight: height)
            } catch {
                if "\(error)".contains("runs over the end of the file") { refused += 1 }
            }
            guard let undo = try? store.undoRecord(atHeight: height) else { continue }
            _ = try? store.height(ofBlock: undo.block.hash)
            for id in undo.transactions { _ = try? store.transactionLocation(id: id) }
            for used in undo.nonces { _ = try? store.lastNonce(sender: used.sender) }
        }
        return refused
    }
}
