internal import ArgumentParser
internal import Ledger
internal import Node
internal import Primitives
internal import Terminal
internal import WholeFiles

/// `podoru inspect tx|block`: what some JSON is to the ledger.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a transaction or a block is to the ledger: one line of JSON.",
        discussion: """
            {"hash","size","valid","error"}, and merkle_root for a block; hash and merkle_root are null where \
            there are none. What depends on a chain's state is not judged: \
            heights, nonces, balances and the state root.

            Without --genesis the judgement is that of the reference's Validate. With it the genesis decides which rules \
            count, and the producer of a block must be one of its authorities. An answer ends with code 0, whatever it says.
            """)

    enum Subject: String, ExpressibleByArgument, CaseIterable {
        case tx, block
    }

    @Argument(help: "tx or block.")
    var subject: Subject

    @Argument(help: ArgumentHelp("The JSON, - for standard input.", valueName: "file"), completion: .file())
    var file: String

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The genesis file of the chain.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var genesis: String?

    func run() throws {
        let genesis = try Transfer.genesis(genesis)
        let json = try read()
        let finding: Finding =
            switch subject {
            case .tx: inspectTransaction(json, genesis)
            case .block: inspectBlock(json, genesis)
            }
        try StandardOutput.put(finding.line)
    }

    func validate() throws {
        if file == "-", genesis == "-" { throw ValidationError("standard input is the JSON or the genesis, not both") }
    }

    private func read() throws -> [UInt8] {
        try Files.readInput(file, as: subject == .tx ? "transaction file" : "block file", maxBytes: Limits.maxInputBytes)
    }
}

extension Inspect {
    private func inspectTransaction(_ json: [UInt8], _ genesis: Genesis?) -> Finding {
        do throws(DecodingError) {
            let transaction = try PreparedTransaction(decoding: json)
            let fault = genesis.map { $0.rules.admissionFault(transaction) } ?? transaction.fault
            return Finding(hash: transaction.hash, size: transaction.size, error: fault?.description)
        } catch {
            return Finding(error: error.description)
        }
    }

    private func inspectBlock(_ json: [UInt8], _ genesis: Genesis?) -> Finding {
        do throws(DecodingError) {
            var block = try PreparedBlock(unverified: json)
            let isGenesis = block.block.header?.height == 0
            if !isGenesis { block.verify(isAuthority: { genesis?.rules.isAuthority($0) ?? true }) }
            return Finding(
                hash: block.block.header == nil ? nil : block.hash, size: block.json.count, merkleRoot: block.merkleRoot,
                error: isGenesis ? faultOfGenesis(block, genesis) : fault(of: block, genesis?.rules)?.description)
        } catch {
            return Finding(merkleRoot: .some(nil), error: error.description)
        }
    }

    /// A block of height 0 has no signatures: it is the chain's genesis block, or nothing.
    private func faultOfGenesis(_ block: PreparedBlock, _ genesis: Genesis?) -> String? {
        guard let genesis else { return "a block of height 0 can be judged with its genesis file only: add --genesis" }
        return block.json == genesis.blockJSON
            ? nil : "this is not the genesis block of that genesis file (\(genesis.hash.prefixedHex))"
    }

    /// The faults that need no chain, in the order in which the ledger looks for them.
    private func fault(of block: PreparedBlock, _ rules: ChainRules?) -> BlockRejection? {
        guard block.block.header != nil else { return .noHeader }
        if block.json.count > Limits.maxBlockBytes { return .tooLarge(bytes: block.json.count) }
        if block.transactions.count > Limits.maxBlockTransactions { return .tooManyTransactions(block.transactions.count) }
        if let rules, !rules.isAuthority(block.producer) { return .notAnAuthority(block.producer) }
        if let fault = block.signatureFault { return .signature(fault) }
        let isStrict = rules?.ruleSet.isStrict ?? false
        if isStrict, block.block.signature.flatMap({ Signature($0) })?.isLowS != true { return .signature(.highS) }
        for (index, transaction) in block.transactions.enumerated() {
            guard let transaction else { return .nilTransaction(index: index) }
            let fault = isStrict ? rules?.admissionFault(transaction) : transaction.fault ?? transaction.idFault
            if let fault { return .transaction(index: index, fault) }
        }
        return block.block.header?.merkleRoot == block.merkleRoot.bytes ? nil : .wrongMerkleRoot
    }
}

/// The answer of `inspect`.
private struct Finding {
    var hash: Hash32?
    var size: Int?
    /// `nil` for a transaction, which has none; `.some(nil)` for what is no block.
    var merkleRoot: Hash32??
    var error: String?

    /// One line of JSON.
    var line: [UInt8] {
        JSONWriter.object { json in
            json.member("hash", hash?.prefixedHex)
            json.member("size", size)
            if let merkleRoot { json.member("merkle_root", merkleRoot?.prefixedHex) }
            json.member("valid", error == nil)
            json.member("error", error)
        } + [UInt8(ascii: "\n")]
    }
}
