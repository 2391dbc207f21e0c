internal import ChainService
internal import Ledger
internal import NodeClient
internal import Platform
internal import Primitives
internal import Terminal

/// Builds, signs, sends and follows one transaction.
struct TransactionSender {
    /// Between two questions whether a block has it: a fifth of the shortest block time.
    private static let pollMilliseconds: Int64 = 200

    let options: TransactionOptions
    private let client: APIClient
    private let key: PrivateKey

    init(_ options: TransactionOptions) throws {
        self.options = options
        key = try options.key()
        client = APIClient(try options.node.address())
    }

    /// An amount as typed, by the token that the node's chain has.
    func amount(_ text: String) async throws -> Amount {
        let decimals = TokenAmount.isInSmallestUnit(text) ? 0 : try await tokenDecimals()
        do throws(TokenAmount.Fault) {
            return try TokenAmount.parse(text, decimals: decimals)
        } catch {
            throw CommandFailure(.usage, error.description)
        }
    }

    private func tokenDecimals() async throws -> Int {
        do throws(APIFailure) {
            let decimals = try await client.tokenInfo().decimals
            guard (0...Int(TokenConfiguration.maxDecimals)).contains(decimals) else {
                throw APIFailure.badAnswer(client.address, path: "/api/v1/token/info", "a token of \(decimals) decimals")
            }
            return decimals
        } catch .refused(_, let reason) {
            throw CommandFailure(
                .badData, "the node knows no token (\(reason)): give the amount as a number of \(TokenAmount.smallestUnit)")
        }
    }

    /// Does all of it.
    func run(_ operation: Operation) async throws {
        let nonce = try await self.nonce()
        let transaction = Transaction(
            operations: [operation], timestamp: SystemClock.unixSeconds, nonce: nonce, key: key)
        let prepared = PreparedTransaction(transaction)
        if let fault = prepared.fault { throw CommandFailure(.badData, "no node would take this transaction: \(fault)") }
        guard prepared.size <= Limits.maxTransactionBytes else {
            throw CommandFailure(.badData, "\(TransactionRejection.tooLarge(bytes: prepared.size))")
        }
        if options.dryRun { return try StandardOutput.put(transaction.json + [UInt8(ascii: "\n")]) }

        var result = TransactionResult(hash: prepared.hash, from: key.address, nonce: nonce, size: prepared.size)
        result.fee = try await fee(prepared.size)
        say("signed by \(key.address), nonce \(nonce), \(prepared.size) bytes, \(await feeText(result.fee))")
        try await submit(prepared)
        if options.wait {
            try await follow(&result)
        } else {
            result.place = .pending
        }
        try StandardOutput.put(options.json ? result.json : result.line)
    }

    private func say(_ text: String) {
        if !options.json { StandardError.say(text) }
    }

    // MARK: Before

    private func nonce() async throws -> UInt64 {
        if let nonce = options.nonce { return nonce }
        do throws(APIFailure) {
            guard let nonce = try await client.account(key.address).nonce else {
                throw APIFailure.badAnswer(client.address, path: "/api/v1/account", "a field that every node sends is missing")
            }
            return nonce
        } catch .refused(_, let reason) {
            throw CommandFailure(.badData, "the node does not say which nonce \(key.address) has next (\(reason)): give one with --nonce")
        }
    }

    /// What the transaction may cost; `nil` where nothing costs anything or the node does not say.
    private func fee(_ size: Int) async throws(APIFailure) -> Amount? {
        do throws(APIFailure) {
            let gas = try await client.gasConfig()
            guard gas.isEnabled, let base = Amount(decimal: ByteString(gas.baseFee)),
                let perByte = Amount(decimal: ByteString(gas.perByteFee))
            else { return nil }
            return FeeSchedule(baseFee: base, perByteFee: perByte).fee(size: size)
        } catch .refused {
            return nil
        }
    }

    private func feeText(_ fee: Amount?) async -> String {
        guard let fee, !fee.isZero else { return "no fee" }
        let token = try? await client.tokenInfo()
        return "fee \(TokenAmount.text(fee, token))"
    }

    // MARK: Sending

    private func submit(_ transaction: PreparedTransaction) async throws {
        let hash = transaction.hash.prefixedHex
        let answer: String
        do throws(APIFailure) {
            answer = try await client.submit(transaction.transaction.json)
        } catch {
            throw submissionFailure(error, hash)
        }
        guard answer.lowercased() == hash else {
            throw CommandFailure(
                .badData, "the node took the transaction under another hash, \(StatusText.printable(answer)), than its own, \(hash)")
        }
    }

    /// Whether nothing was sent, the node said no, or nobody knows.
    private func submissionFailure(_ failure: APIFailure, _ hash: String) -> any Error {
        switch failure {
        case .late(_, _, let seconds): unsure(hash, "the node did not answer within \(seconds) s")
        case .badAnswer(_, _, let reason): unsure(hash, reason)
        case .foreign(_, let answer) where answer.leavesOutcomeOpen: unsure(hash, failure.description)
        case .refused(_, let reason): CommandFailure(failure.exit, "the node refuses the transaction: \(reason)")
        default: failure
        }
    }

    private func unsure(_ hash: String, _ reason: String) -> CommandFailure {
        CommandFailure(
            .inputOutput,
            "whether the node took the transaction \(hash) is not known: \(reason). Sending it again with the same --nonce can do no harm")
    }

    /// Asks until a block has it. A node that is gone for a moment is asked again.
    private func follow(_ result: inout TransactionResult) async throws {
        say("sent \(result.hash.prefixedHex); waiting for a block")
        let began = SystemClock.uptimeMilliseconds
        let end = began + options.timeoutMilliseconds
        var trouble: APIFailure?
        while true {
            do throws(APIFailure) {
                result.place = try await client.transaction(result.hash)
                trouble = nil
            } catch {
                trouble = error
            }
            let now = SystemClock.uptimeMilliseconds
            result.milliseconds = now - began
            if case .confirmed = result.place { return }
            guard now < end else { break }
            try await Task.sleep(for: .milliseconds(min(TransactionSender.pollMilliseconds, end - now)))
        }
        if options.json { try StandardOutput.put(result.json) }
        let reason =
            switch result.place {
            case _ where trouble != nil: trouble.map(\.description) ?? ""
            case .pending: "it waits in the node's mempool and may still come into a block"
            default: "the node does not know it any more: it was dropped from the mempool"
            }
        throw CommandFailure(
            .inputOutput, "no block had the transaction \(result.hash.prefixedHex) within \(options.timeout): \(reason)")
    }
}

/// What became of a transaction.
struct TransactionResult {
    var hash: Hash32
    var from: Address
    var nonce: UInt64
    var size: Int
    /// The estimate, in the smallest unit.
    var fee: Amount?
    var place = APIAnswer.TransactionPlace.unknown
    var milliseconds: Int64 = 0

    init(hash: Hash32, from: Address, nonce: UInt64, size: Int) {
        self.hash = hash
        self.from = from
        self.nonce = nonce
        self.size = size
    }

    private var status: String {
        switch place {
        case .unknown: "unknown"
        case .pending: "pending"
        case .confirmed: "confirmed"
        }
    }

    /// The hash, then what became of it.
    var line: [UInt8] {
        var text = "\(hash.prefixedHex) \(status)"
        if case .confirmed(let height?, _) = place { text += " at height \(height)" }
        return Array((text + "\n").utf8)
    }

    var json: [UInt8] {
        return JSONWriter.object { json in
            json.member("hash", hash.prefixedHex)
            json.member("status", status)
            if case .confirmed(let height, let block) = place {
                json.member("height", height)
                json.member("block_hash", block)
            } else {
                json.member("height", UInt64?.none)
                json.member("block_hash", String?.none)
            }
            json.member("from", from.checksummed.text)
            json.member("nonce", nonce)
            json.member("size", size)
            json.member("fee", fee?.description)
            json.member("seconds", Double(milliseconds) / 1000)
        } + [UInt8(ascii: "\n")]
    }
}
