package import Ledger
package import NodeClient
internal import Platform
package import Primitives
internal import Terminal

/// A block as an answer of `podoru get block`.
package enum BlockAnswer {
    package static func json(_ block: PreparedBlock) -> [UInt8] {
        let header = block.block.header ?? BlockHeader()
        return JSONWriter.object { json in
            json.member("height", header.height)
            json.member("hash", block.hash.prefixedHex)
            json.member("previous_hash", hex(header.previousHash))
            json.member("timestamp", header.timestamp)
            json.member("producer", header.producer.text)
            json.member("transaction_root", hex(header.merkleRoot))
            json.member("state_root", hex(header.stateRoot))
            json.member("size", block.json.count)
            json.member("transaction_count", block.transactions.count)
            json.member("transactions") { json in
                json.array(block.transactions) { json, transaction in
                    guard let transaction else { return json.null() }
                    json.string(ByteString(transaction.hash.prefixedHex))
                }
            }
        }
    }

    private static func hex(_ bytes: [UInt8]?) -> String? { bytes.map { Hex.prefixedString($0) } }

    package static func lines(_ block: PreparedBlock, _ token: APIAnswer.TokenInfo?) -> [String] {
        let header = block.block.header ?? BlockHeader()
        let rows = [
            ("block", "\(header.height)"), ("hash", block.hash.prefixedHex), ("previous", hex(header.previousHash) ?? "none"),
            ("time", ShownTime.text(header.timestamp, now: SystemClock.unixSeconds)),
            ("producer", header.producer.text), ("state root", hex(header.stateRoot) ?? "none"), ("size", "\(block.json.count) bytes"),
            ("transactions", "\(block.transactions.count)"),
        ]
        return rows.map(AnswerRow.text)
            + block.transactions.flatMap { transaction in
                guard let transaction else { return ["  null"] }
                let from = StatusText.printable(transaction.transaction.from.text)
                return ["  \(transaction.hash.prefixedHex) from \(from)"] + OperationText.lines(transaction, token).map { "    " + $0 }
            }
    }
}

/// A transaction as an answer of `podoru get tx`.
package enum TransactionAnswer {
    package static func json(_ found: ChainQuery.FoundTransaction) -> [UInt8] {
        let transaction = found.transaction.transaction
        return JSONWriter.object { json in
            json.member("hash", found.transaction.hash.prefixedHex)
            switch found.place {
            case .confirmed(let height, let block):
                json.member("status", "confirmed")
                json.member("height", height)
                json.member("block_hash", block)
            case .pending, .unknown:
                json.member("status", "pending")
                json.member("height", UInt64?.none)
                json.member("block_hash", String?.none)
            }
            json.member("from", transaction.from.text)
            json.member("nonce", transaction.nonce)
            json.member("timestamp", transaction.timestamp)
            json.member("size", found.transaction.size)
            json.member("operations") { json in
                json.array(transaction.data?.operations ?? []) { json, operation in
                    guard let operation else { return json.null() }
                    json.raw(OperationText.json(operation))
                }
            }
        }
    }

    package static func lines(_ found: ChainQuery.FoundTransaction, _ token: APIAnswer.TokenInfo?) -> [String] {
        let transaction = found.transaction.transaction
        let rows = [
            ("transaction", found.transaction.hash.prefixedHex), ("status", status(found.place)), ("from", transaction.from.text),
            ("nonce", "\(transaction.nonce)"), ("time", ShownTime.text(transaction.timestamp, now: SystemClock.unixSeconds)),
            ("size", "\(found.transaction.size) bytes"), ("operations", "\(transaction.data?.operations?.count ?? 0)"),
        ]
        return rows.map(AnswerRow.text) + OperationText.lines(found.transaction, token).map { "  " + $0 }
    }

    private static func status(_ place: APIAnswer.TransactionPlace) -> String {
        guard case .confirmed(let height, let block) = place else { return "pending: it waits for a block" }
        return "confirmed" + (height.map { " in block \($0)" } ?? "") + (block.map { ", \($0)" } ?? "")
    }
}

/// A value of the state as an answer of `podoru get state`.
package enum StateAnswer {
    /// `value` is null where the bytes are no text.
    package static func json(_ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
        return JSONWriter.object { json in
            json.member("key", String(validating: key, as: UTF8.self))
            json.member("key_hex", Hex.prefixedString(key))
            json.member("value", String(validating: value, as: UTF8.self))
            json.member("value_hex", Hex.prefixedString(value))
            json.member("size", value.count)
        }
    }
}

/// A balance as an answer of `podoru get balance`.
package enum BalanceAnswer {
    package static func json(
        _ address: Address, _ account: APIAnswer.Account, _ balance: Amount, _ token: APIAnswer.TokenInfo?
    ) -> [UInt8] {
        return JSONWriter.object { json in
            json.member("address", address.checksummed.text)
            json.member("balance", balance.description)
            json.member("formatted", token.map { TokenAmount.text(balance, $0) })
            json.member("nonce", account.nonce)
        }
    }
}

/// Operations for people and scripts.
private enum OperationText {
    /// Characters of a key and of a value on a line of a block or transaction.
    private static let keyCharacters = 120
    private static let valueCharacters = 80

    static func lines(_ transaction: PreparedTransaction, _ token: APIAnswer.TokenInfo?) -> [String] {
        (transaction.transaction.data?.operations ?? []).map { $0.map { line($0, token) } ?? "null" }
    }

    private static func line(_ operation: Operation, _ token: APIAnswer.TokenInfo?) -> String {
        let key = ShownBytes.line(operation.key.bytes, atMost: keyCharacters)
        switch operation.type {
        case .set: return "set \(key) = \(ShownBytes.line(operation.value, atMost: valueCharacters))"
        case .delete: return "delete \(key)"
        case .transfer, .mint:
            let verb = operation.type == .mint ? "mint" : "transfer"
            let prefix = StateKeys.balancePrefix.bytes
            let hasPrefix = operation.key.bytes.starts(with: prefix)
            let receiver = hasPrefix ? ShownBytes.line(Array(operation.key.bytes.dropFirst(prefix.count)), atMost: keyCharacters) : key
            // More than a balance holds is no amount, and would be a page of digits.
            let amount = Amount(bigEndian: operation.value)
            let text = amount.fitsBalance ? TokenAmount.text(amount, token) : ShownBytes.line(operation.value, atMost: valueCharacters)
            return "\(verb) \(text) to \(receiver)"
        case .other(let name): return "\(ShownBytes.line(name.bytes, atMost: valueCharacters)) \(key)"
        }
    }

    static func json(_ operation: Operation) -> [UInt8] {
        let hasAmount = operation.type == .transfer || operation.type == .mint
        let amount = Amount(bigEndian: operation.value)
        return JSONWriter.object { json in
            json.member("type", operation.type.name.text)
            json.member("key", operation.key.text)
            json.member("value", hasAmount ? nil : String(validating: operation.value, as: UTF8.self))
            json.member("value_hex", Hex.prefixedString(operation.value))
            json.member("amount", hasAmount && amount.fitsBalance ? amount.description : nil)
        }
    }
}

/// A name and what it is, in two columns.
private enum AnswerRow {
    private static let column = 14

    static func text(_ name: String, _ value: String) -> String {
        name + String(repeating: " ", count: max(1, column - name.count)) + StatusText.printable(value)
    }
}
