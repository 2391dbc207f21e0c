internal import ArgumentParser
internal import Ledger
internal import NodeClient
internal import Primitives

/// `podoru tx`: transactions from the command line.
struct TransactionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tx",
        abstract: "Build a transaction, sign it here, send it to a node, wait for its block.",
        discussion: """
            The key never leaves this machine. Amounts are tokens, such as 1.5, or the smallest unit, such as 15wei; --json gives \
            them in the smallest unit. The answer is one line: the hash, then "confirmed at height H" or, with \
            --no-wait, "pending".

            Exit codes: 64 for a wrong command line, 65 when the node or the ledger's rules refuse the transaction, 69 when no \
            node answers (nothing was sent), 74 when it was sent and is in no block after --timeout, 77 for a key that others \
            can read.
            """,
        subcommands: [SetCommand.self, DeleteCommand.self, TransferTokensCommand.self, MintCommand.self])

    /// `podoru tx set`
    struct SetCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Give a key a value.",
            discussion: "The value stands on the command line, in a file (@FILE) or on standard input (- or @-).")

        @OptionGroup var options: TransactionOptions
        @Flag(help: "The value is written as hexadecimal digits.")
        var hex = false
        @Argument(help: "The key: at most 1024 bytes.")
        var key: String
        @Argument(help: "The value, @FILE or -: at most 1 MiB.")
        var value: String

        mutating func run() async throws {
            let value = try TypedValue.read(value, isHex: hex)
            try await TransactionSender(options).run(Operation(type: .set, key: ByteString(key), value: value))
        }
    }

    /// `podoru tx delete`
    struct DeleteCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "delete", abstract: "Remove a key.")

        @OptionGroup var options: TransactionOptions
        @Argument(help: "The key.")
        var key: String

        mutating func run() async throws {
            try await TransactionSender(options).run(Operation(type: .delete, key: ByteString(key)))
        }
    }

    /// `podoru tx transfer`
    struct TransferTokensCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "transfer", abstract: "Send tokens to an address.")

        @OptionGroup var options: TransactionOptions
        @OptionGroup var payment: Payment

        mutating func run() async throws { try await payment.send(.transfer, options) }
    }

    /// `podoru tx mint`
    struct MintCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "mint", abstract: "Make tokens for an address; authorities only.")

        @OptionGroup var options: TransactionOptions
        @OptionGroup var payment: Payment

        mutating func run() async throws { try await payment.send(.mint, options) }
    }

    /// A receiver and an amount.
    struct Payment: ParsableArguments {
        @Argument(help: "The receiver's address.")
        var to: String
        @Argument(help: "Tokens, such as 1.5, or the smallest unit, such as 15wei.")
        var amount: String

        func send(_ type: OperationType, _ options: TransactionOptions) async throws {
            let receiver = try TypedAddress.parse(to)
            let sender = try TransactionSender(options)
            let value = try await sender.amount(amount)
            try await sender.run(Operation(type: type, key: StateKeys.balance(of: receiver), value: value.bytes))
        }
    }
}
