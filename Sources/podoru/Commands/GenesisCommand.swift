internal import ArgumentParser
internal import Ledger
internal import Node
internal import NodeClient
internal import Platform
internal import Primitives
internal import Terminal
internal import WholeFiles

/// `podoru genesis`: a genesis file from options.
struct GenesisCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "genesis", abstract: "Make a genesis file.",
        discussion: """
            Without --output, or with -, the genesis is printed. With it, the file is written, and the hash of the genesis block \
            is printed: the chain's name in handshakes. A file that is there already is overwritten with --force only.

            The default is strict rules, which the genesis hash commits to together with the block time. --reference makes \
            a chain for networks with the published Go node.

            Amounts are tokens when they have a point, such as 1000.0, and the smallest unit behind a number, such as 15wei. A whole \
            number alone is the smallest unit too, as in the file that is made; podoru tx takes it for tokens.

              podoru genesis -a a.key -a b.key -b 0x5e…=1000.0 --base-fee 1000wei -o genesis.json
            """)

    enum Rules: String, EnumerableFlag {
        case strict, reference
    }

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A producer, in the order of their turns: an address, or a key file whose address it is. Repeat for each.",
            valueName: "address|key file"), completion: .file())
    var authority: [String] = []

    @Flag(help: "The rules of the chain.")
    var rules = Rules.strict

    @Option(help: ArgumentHelp("Strict rules: the time between blocks, in whole seconds such as 5s or 1m30s. (default: 5s)"))
    var blockTime: String?

    @Flag(help: "Give the chain the token Podoru (PDR, 18 decimals). Implied by the other token options.")
    var token = false

    @Option(help: "The token's name.")
    var tokenName: String?

    @Option(help: "The token's symbol.")
    var tokenSymbol: String?

    @Option(help: "How many digits of an amount stand behind the point, 0 to 18.")
    var tokenDecimals: Int64?

    @Option(help: "The token's supply, for display, such as 1000000.0: what exists is what --balance gives.")
    var tokenSupply: String?

    @Option(help: "What each transaction costs, such as 0.001 or 1000wei. Needs a token.")
    var baseFee: String?

    @Option(help: "What each byte of a transaction costs, such as 10wei. Needs a token.")
    var perByteFee: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Who has how much, such as 1000.0 or 15wei. Repeat for each.", valueName: "address=amount"))
    var balance: [String] = []

    @Option(help: ArgumentHelp("A key and value of the first state. Repeat for each.", valueName: "key=value"))
    var set: [String] = []

    @Option(help: ArgumentHelp("Seconds since 1970. (default: now)", valueName: "seconds"))
    var timestamp: Int64?

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the genesis goes.", valueName: "file"), completion: .file())
    var output: String?

    @Flag(name: .shortAndLong, help: "Replace a file that is there.")
    var force = false

    func run() throws {
        let configuration = try configuration()
        if let fault = configuration.timeFault(now: SystemClock.unixSeconds) {
            throw CommandFailure(.usage, "these options make no genesis: \(fault)")
        }
        let genesis: Genesis
        do throws(GenesisError) {
            genesis = try Genesis(configuration)
        } catch {
            throw CommandFailure(.usage, "these options make no genesis: \(error)")
        }
        let json = IndentedJSON.of(genesis.configuration.json)
        guard let output, !OutputFile.isStandardOutput(output) else { return try StandardOutput.put(json) }
        let file = try OutputFile(output, as: "genesis file", mode: 0o644, existing: force ? .replaced : .refusedUnlessForced)
        try file.write(json)
        try file.finish()
        StandardError.say("wrote \(output)")
        try StandardOutput.say(genesis.hash.prefixedHex)
    }
}

// What the options say.
extension GenesisCommand {
    private func configuration() throws(CommandFailure) -> GenesisConfiguration {
        if authority.isEmpty { throw usage("a chain needs at least one --authority") }
        return GenesisConfiguration(
            timestamp: timestamp ?? SystemClock.unixSeconds, authorities: try authorities(), initialState: try initialState(),
            token: try tokenConfiguration(), gas: try gasConfiguration(), initialBalances: try balances())
    }

    private func authorities() throws(CommandFailure) -> [ByteString] {
        var seen: Set<Address> = []
        var names: [ByteString] = []
        for text in authority {
            let address = try address(text)
            guard seen.insert(address).inserted else { throw usage("--authority \(text): \(address) is given twice") }
            names.append(address.checksummed)
        }
        return names
    }

    /// An address as typed, or that of the key in a file.
    private func address(_ text: String) throws(CommandFailure) -> Address {
        if let address = try Self.typedAddress(text) { return address }
        do throws(FileError) {
            return try Files.loadKeyInput(text).address
        } catch {
            if error.kind == .missing { throw usage("--authority \(text) is neither an address (0x and 40 hex digits) nor a key file") }
            throw CommandFailure(error)
        }
    }

    /// The address that `text` is, `nil` when it is something else. One in mixed case must have the right checksum: that
    /// is what the case is for.
    static func typedAddress(_ text: String) throws(CommandFailure) -> Address? {
        guard let address = Address(ByteString(text)) else { return nil }
        let digits = text.dropFirst(2)
        let isMixed = digits.contains(where: \.isUppercase) && digits.contains(where: \.isLowercase)
        if isMixed && address.checksummed != ByteString(text) {
            throw CommandFailure(
                .usage, "the address \(text) is mistyped: its upper and lower case do not fit its digits (it would be \(address))")
        }
        return address
    }

    private func initialState() throws(CommandFailure) -> [ByteString: ByteString] {
        var state: [ByteString: ByteString] = [:]
        for text in set {
            let (key, value) = try split(text, "--set", "key=value")
            if key == StateKeys.rules.text || key == StateKeys.blockTime.text {
                throw usage("--set \(key): the rules are chosen with --strict, --reference and --block-time")
            }
            if state.updateValue(ByteString(value), forKey: ByteString(key)) != nil { throw usage("--set \(key) is given twice") }
        }
        switch rules {
        case .strict:
            state[StateKeys.rules] = RuleSet.strictName
            state[StateKeys.blockTime] = ByteString(blockTime ?? "5s")
        case .reference:
            if blockTime != nil {
                throw usage("--block-time belongs to strict rules; under --reference each node's configuration has it (block_time)")
            }
        }
        return state
    }

    private func balances() throws(CommandFailure) -> [ByteString: ByteString] {
        var balances: [ByteString: ByteString] = [:]
        for text in balance {
            let (owner, amount) = try split(text, "--balance", "address=amount")
            guard let address = try Self.typedAddress(owner) else {
                throw usage("--balance \(text): \(owner) is no address (0x and 40 hex digits)")
            }
            guard let number = Amount(decimal: ByteString(try smallestUnit(amount, "--balance"))), number.fitsBalance else {
                throw usage("--balance \(text): the amount must be tokens such as 1000.0, or a whole number below 2^256 such as 15wei")
            }
            if balances.updateValue(ByteString(number.description), forKey: address.lowercased) != nil {
                throw usage("--balance \(address) is given twice")
            }
        }
        return balances
    }

    private var hasToken: Bool {
        token || tokenName != nil || tokenSymbol != nil || tokenDecimals != nil || tokenSupply != nil
    }

    private func tokenConfiguration() throws(CommandFailure) -> TokenConfiguration? {
        if !hasToken {
            if baseFee != nil || perByteFee != nil { throw usage("fees are paid in a token: add --token") }
            return nil
        }
        let standard = TokenConfiguration.standard
        return TokenConfiguration(
            name: tokenName.map { ByteString($0) } ?? standard.name, symbol: tokenSymbol.map { ByteString($0) } ?? standard.symbol,
            decimals: tokenDecimals ?? standard.decimals,
            initialSupply: ByteString(try smallestUnit(tokenSupply ?? standard.initialSupply.text, "--token-supply")))
    }

    private func gasConfiguration() throws(CommandFailure) -> GasConfiguration? {
        guard baseFee != nil || perByteFee != nil else { return nil }
        return GasConfiguration(
            baseFee: ByteString(try smallestUnit(baseFee ?? "0", "--base-fee")),
            perByteFee: ByteString(try smallestUnit(perByteFee ?? "0", "--per-byte-fee")))
    }

    /// An amount as the file has it. One with a point or the unit behind it is read as `tx` reads it; what else it may be, the genesis
    /// judges.
    private func smallestUnit(_ text: String, _ option: String) throws(CommandFailure) -> String {
        guard text.contains(".") || TokenAmount.isInSmallestUnit(text) else { return text }
        let decimals = Int(clamping: tokenDecimals ?? TokenConfiguration.standard.decimals)
        guard (0...Int(TokenConfiguration.maxDecimals)).contains(decimals) else {
            throw usage("--token-decimals must be from 0 to \(TokenConfiguration.maxDecimals)")
        }
        do throws(TokenAmount.Fault) {
            return try TokenAmount.parse(text, decimals: decimals, allowsZero: true).description
        } catch {
            throw usage("\(option): \(error)")
        }
    }

    private func split(_ text: String, _ option: String, _ shape: String) throws(CommandFailure) -> (String, String) {
        guard let equals = text.firstIndex(of: "=") else { throw usage("\(option) \(text): write it as \(shape)") }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    private func usage(_ description: String) -> CommandFailure { CommandFailure(.usage, description) }
}
