import ChainTools
import Foundation
import Ledger
import Node
import Primitives
import Storage
import TestKit

/// The reference's chain of 131 blocks.
enum ReferenceChain {
    static func genesis() throws -> Genesis {
        try Genesis(decoding: Array(Vectors.data("genesis.json")))
    }

    static let file = Vectors.folder.appendingPathComponent("chain-130.jsonl.gz").path

    /// The lines of the file, from height 0 on.
    static func lines() throws -> [[UInt8]] {
        let reader = try BlockFileReader(path: file)
        var lines: [[UInt8]] = []
        while let line = try reader.next() { lines.append(line) }
        return lines
    }

    static let now = Moment(uptime: 0, unixMilliseconds: 4_000_000_000_000)

    /// Writes lines as a plain file.
    static func write(_ lines: [[UInt8]], to path: String) throws {
        var data = Data()
        for line in lines { data.append(contentsOf: line + [UInt8(ascii: "\n")]) }
        try data.write(to: URL(fileURLWithPath: path))
    }
}
