import Foundation
import Primitives
import TestKit
import Testing

@testable import Ledger

/// Odd JSON against an independent model of Go's `encoding/json` (`Tests/Differential`).
@Suite struct DecodingFuzzTests {
    private struct Case: Decodable {
        let kind: String
        let text: Data
        /// The canonical JSON of what was read; nil where Go refuses the text.
        let verdict: String?

        /// What this program reads there.
        var ours: String? {
            let json = [UInt8](text)
            return switch kind {
            case "block": (try? Block(decoding: json)).map { LedgerTests.text($0.json) }
            case "transaction": (try? Transaction(decoding: json)).map { LedgerTests.text($0.json) }
            default: (try? GenesisConfiguration(decoding: json)).map { LedgerTests.text($0.json) }
            }
        }
    }

    private static let folder = Vectors.folder.deletingLastPathComponent().appendingPathComponent("Differential")

    private func check(_ lines: some Sequence<[UInt8]>) throws -> Int {
        var count = 0
        for line in lines where !line.isEmpty {
            let odd = try JSONDecoder().decode(Case.self, from: Data(line))
            let ours = odd.ours
            count += 1
            if ours != odd.verdict {
                Issue.record("\(odd.kind) \(text([UInt8](odd.text)))\nread:  \(ours ?? "refused")\nmodel: \(odd.verdict ?? "refused")")
            }
        }
        return count
    }

    @Test func recordedCasesAreReadAsTheModelReadsThem() throws {
        let packed = try Data(contentsOf: DecodingFuzzTests.folder.appendingPathComponent("recorded.jsonl.gz"))
        #expect(try check(Gunzip.unpack(packed).split(separator: 0x0a).map(Array.init)) == 1200)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "needs python3"))
    func newCasesAreReadAsTheModelReadsThem() throws {
        let rounds = ProcessInfo.processInfo.environment["PODORU_FUZZ_ROUNDS"].flatMap(Int.init) ?? 300
        let seed = randomSeed("decoding")
        let generator = DecodingFuzzTests.folder.appendingPathComponent("generate.py").path
        let made = try TestProcess.run(
            ["/usr/bin/python3", "-B", generator, "--seed", "\(seed)", "--count", "\(rounds)"], in: FileManager.default.temporaryDirectory)
        #expect(made.code == 0)
        #expect(try check(Array(made.output.utf8).split(separator: 0x0a).map(Array.init)) == rounds)
    }
}
