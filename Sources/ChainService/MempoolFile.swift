internal import Chain
internal import Ledger
internal import Mempool
internal import Platform
package import Primitives
internal import WholeFiles

/// A transaction as it waits between two runs of the node.
struct KeptTransaction: Hashable, Sendable {
    /// When it was admitted, unix milliseconds.
    var since: Int64
    /// Its canonical JSON.
    var json: [UInt8]
}

/// Why a file is no list of pending transactions of this chain.
struct MempoolFileFault: Error, Hashable, CustomStringConvertible {
    let description: String
}

/// The file of a data directory in which pending transactions outlive a restart: lines of JSON, the first of which says what they are,
/// for which chain and with which SHA-256, each other one transaction, the oldest first.
///
/// It is written whole or not at all, and read by the owner of the store only. Nothing in it is believed: what is read goes through the
/// same checks as what a client posts.
package struct MempoolFile: Sendable {
    static let name = "mempool.jsonl"
    private static let format = "podoru-mempool-1"
    /// What a file that cannot be used is renamed to, so that it is complained of once; an older one is replaced.
    static let asideName = "\(name).unusable"

    let directory: String
    /// The genesis block's hash: a file of another chain is foreign.
    let genesis: Hash32

    package init(directory: String, genesis: Hash32) {
        self.directory = directory
        self.genesis = genesis
    }

    var path: String { "\(directory)/\(MempoolFile.name)" }

    /// The most bytes that a full mempool makes: its bound, the words around each transaction, the first line.
    static var maxBytes: Int {
        let limits = MempoolLimits()
        return limits.maxChargeBytes + limits.maxTransactions * wordsAroundEach + 1024
    }

    /// `{"since":…,"transaction":…}` and a line end, with a number of at most 20 digits.
    private static let wordsAroundEach = 64

    // MARK: Writing

    /// Replaces the file; without transactions there is none. Blocks until it is on disk.
    func write(_ transactions: [KeptTransaction]) throws(FileError) {
        guard !transactions.isEmpty else {
            try? FileSystem.removeFile(path)
            return
        }
        try Files.write(encode(transactions), to: path, as: "file of pending transactions", mode: 0o600, replaces: true)
    }

    func encode(_ transactions: [KeptTransaction]) -> [UInt8] {
        var body = JSONWriter(capacity: transactions.reduce(0) { $0 + $1.json.count + MempoolFile.wordsAroundEach })
        for transaction in transactions {
            body.raw("{\"since\":")
            body.integer(transaction.since)
            body.raw(",\"transaction\":")
            body.raw(transaction.json)
            body.raw("}\n")
        }
        var file = JSONWriter(capacity: body.bytes.count + 256)
        file.raw("{\"format\":")
        file.string(ByteString(MempoolFile.format))
        file.raw(",\"genesis\":")
        file.string(ByteString(genesis.prefixedHex))
        file.raw(",\"transactions\":")
        file.integer(transactions.count)
        file.raw(",\"sha256\":")
        file.string(ByteString(SHA256.hash(body.bytes).prefixedHex))
        file.raw("}\n")
        file.raw(body.bytes)
        return file.bytes
    }

    // MARK: Reading

    /// What the file holds; nothing where there is none.
    ///
    /// - Throws: `FileError`, `MempoolFileFault`. The file can then be put aside.
    func read() throws -> [KeptTransaction] {
        removeLeftovers()
        guard FileSystem.exists(path) else { return [] }
        return try decode(Files.read(path, as: "file of pending transactions", maxBytes: MempoolFile.maxBytes))
    }

    /// Takes a file that cannot be used out of the way.
    func putAside() { try? FileSystem.rename(path, to: "\(directory)/\(MempoolFile.asideName)") }

    /// Half-written files of a process that was killed while it wrote.
    private func removeLeftovers() {
        for name in (try? FileSystem.names(in: directory)) ?? [] where name.hasPrefix("\(MempoolFile.name).new.") {
            try? FileSystem.removeFile("\(directory)/\(name)")
        }
    }

    func decode(_ bytes: [UInt8]) throws(MempoolFileFault) -> [KeptTransaction] {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")), let head = Head(bytes[..<end]), head.format == MempoolFile.format else {
            throw MempoolFileFault(description: "it does not begin as one")
        }
        guard head.genesis == genesis.prefixedHex else { throw MempoolFileFault(description: "it belongs to the chain \(head.genesis)") }
        let body = Array(bytes[(end + 1)...])
        guard head.sha256 == SHA256.hash(body).prefixedHex else {
            throw MempoolFileFault(description: "it is damaged: its SHA-256 is not what its first line says")
        }
        var transactions: [KeptTransaction] = []
        transactions.reserveCapacity(min(head.count, MempoolLimits().maxTransactions))
        for line in body.split(separator: UInt8(ascii: "\n")) {
            guard let transaction = KeptTransaction(line: Array(line)) else {
                throw MempoolFileFault(description: "line \(transactions.count + 2) is no pending transaction")
            }
            transactions.append(transaction)
        }
        guard transactions.count == head.count else {
            throw MempoolFileFault(description: "it has \(transactions.count) transactions where its first line says \(head.count)")
        }
        return transactions
    }

    /// The first line.
    private struct Head {
        var format = ""
        var genesis = ""
        var sha256 = ""
        var count = 0

        init?(_ line: ArraySlice<UInt8>) {
            let bytes = Array(line)
            let isRead = bytes.withUnsafeBytes { [self] buffer -> Head? in
                var (head, reader) = (self, JSONReader(buffer))
                do throws(JSONError) {
                    try reader.beginObject()
                    while let key = try reader.nextKey() {
                        if key.equals("format") {
                            head.format = try reader.readString().text
                        } else if key.equals("genesis") {
                            head.genesis = try reader.readString().text
                        } else if key.equals("sha256") {
                            head.sha256 = try reader.readString().text
                        } else if key.equals("transactions") {
                            head.count = Int(clamping: try reader.readUInt64())
                        } else {
                            _ = try reader.skipValue()
                        }
                    }
                    try reader.end()
                    return head
                } catch { return nil }
            }
            guard let isRead else { return nil }
            self = isRead
        }
    }
}

extension KeptTransaction {
    /// Reads one line; `nil` when it is none.
    fileprivate init?(line: [UInt8]) {
        var (since, range): (Int64?, Range<Int>?)
        line.withUnsafeBytes { buffer in
            var reader = JSONReader(buffer)
            do throws(JSONError) {
                try reader.beginObject()
                while let key = try reader.nextKey() {
                    if key.equals("since") {
                        since = try reader.readInt64()
                    } else if key.equals("transaction") {
                        range = try reader.skipValue()
                    } else {
                        _ = try reader.skipValue()
                    }
                }
                try reader.end()
            } catch { since = nil }
        }
        guard let since, let range else { return nil }
        self.init(since: since, json: Array(line[range]))
    }
}
