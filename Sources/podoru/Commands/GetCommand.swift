internal import ArgumentParser
internal import Ledger
internal import NodeClient
internal import Operator
internal import Primitives
internal import Terminal

/// `podoru get`: what a node's chain holds, from the command line.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Read from a node's chain: a state value, a block, a transaction, a balance.",
        discussion: """
            Asks the node's HTTP API. The answer is text for a person; --json gives one line of JSON for scripts, with bytes in \
            hexadecimal and amounts in the token's smallest unit. Hashes are computed here from what the node sends.

            Exit codes: 64 for a wrong command line, 65 when something else than a node answers, 66 when the chain has no such \
            thing, 69 when no node answers.
            """,
        subcommands: [StateCommand.self, BlockCommand.self, TransactionCommand.self, BalanceCommand.self])

    /// Where to ask, and how to answer.
    struct Options: ParsableArguments {
        @OptionGroup var node: NodeOptions
        @Flag(help: "One line of JSON as the answer.")
        var json = false

        func reader() throws -> ChainQuery { ChainQuery(client: APIClient(try node.address())) }

        func answer(_ json: @autoclosure () -> [UInt8], _ lines: @autoclosure () -> [String]) throws {
            try StandardOutput.put(self.json ? json() + [UInt8(ascii: "\n")] : Array(lines().map { $0 + "\n" }.joined().utf8))
        }
    }

    /// `podoru get state`
    struct StateCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "state", abstract: "The value of a key of the state.",
            discussion: "A value that is no text is printed as hexadecimal digits behind 0x.")

        @OptionGroup var options: Options
        @Flag(help: "The key is written as hexadecimal digits.")
        var hex = false
        @Flag(help: "Write the value's bytes as they are, without a line end.")
        var raw = false
        @Argument(help: "The key.")
        var key: String

        func validate() throws {
            if raw, options.json { throw ValidationError("give either --raw or --json") }
        }

        mutating func run() async throws {
            guard let name = hex ? Hex.decodeOptionallyPrefixed(Array(key.utf8)) : Array(key.utf8), !name.isEmpty else {
                throw CommandFailure(.usage, hex ? "the key is not hexadecimal: digits in pairs, with or without 0x" : "the key is empty")
            }
            let value = try await options.reader().value(of: ByteString(name))
            if raw { return try StandardOutput.put(value) }
            try options.answer(StateAnswer.json(name, value), [ShownBytes.text(value)])
        }
    }

    /// `podoru get block`
    struct BlockCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "block", abstract: "A block, by its height or its hash.")

        @OptionGroup var options: Options
        @Argument(help: ArgumentHelp("Its height, its hash, or latest.", valueName: "height|hash|latest"), completion: .list(["latest"]))
        var name: String

        mutating func run() async throws {
            let name = try BlockName(name)
            let reader = try options.reader()
            let block = try await reader.block(name)
            let token = options.json ? nil : await reader.token(for: block.transactions)
            try options.answer(BlockAnswer.json(block), BlockAnswer.lines(block, token))
        }
    }

    /// `podoru get tx`
    struct TransactionCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tx", abstract: "A transaction, by its hash: in a block, or waiting for one.")

        @OptionGroup var options: Options
        @Argument(help: "Its hash.")
        var hash: String

        mutating func run() async throws {
            guard let hash = Hash32(hex: hash) else {
                throw CommandFailure(
                    .usage, "\u{201C}\(StatusText.printable(hash))\u{201D} is no hash: 64 hexadecimal digits, with or without 0x")
            }
            let reader = try options.reader()
            let found = try await reader.transaction(hash)
            let token = options.json ? nil : await reader.token(for: [found.transaction])
            try options.answer(TransactionAnswer.json(found), TransactionAnswer.lines(found, token))
        }
    }

    /// `podoru get balance`
    struct BalanceCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "balance", abstract: "What an address owns.",
            discussion: "In tokens, as in 1.5 PDR; with --json in the smallest unit, as transactions hold it. An unused address has 0.")

        @OptionGroup var options: Options
        @Argument(help: "The address.")
        var address: String

        mutating func run() async throws {
            let address = try TypedAddress.parse(address)
            let reader = try options.reader()
            let (account, balance) = try await reader.account(address)
            let token = try await reader.token()
            try options.answer(BalanceAnswer.json(address, account, balance, token), [TokenAmount.text(balance, token)])
        }
    }
}
