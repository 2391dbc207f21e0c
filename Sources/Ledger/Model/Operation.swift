public import Primitives

/// What an operation does, as its `type` string says: exactly `SET`, `DELETE`, `MINT` or `TRANSFER`.
public enum OperationType: Hashable, Sendable {
    case set
    case delete
    case mint
    case transfer
    /// Any other text. Decodes, hashes and prints as it is; the format check refuses it.
    case other(ByteString)

    /// The type that `text` names. Case counts.
    public init(_ text: ByteString) {
        switch text {
        case OperationType.setName: self = .set
        case OperationType.deleteName: self = .delete
        case OperationType.mintName: self = .mint
        case OperationType.transferName: self = .transfer
        default: self = .other(text)
        }
    }

    /// The string as the JSON holds it.
    public var name: ByteString {
        switch self {
        case .set: OperationType.setName
        case .delete: OperationType.deleteName
        case .mint: OperationType.mintName
        case .transfer: OperationType.transferName
        case .other(let text): text
        }
    }

    private static let setName: ByteString = "SET"
    private static let deleteName: ByteString = "DELETE"
    private static let mintName: ByteString = "MINT"
    private static let transferName: ByteString = "TRANSFER"
}

/// One change to the state, as a transaction asks for it.
public struct Operation: Hashable, Sendable {
    public var type: OperationType
    /// The state key. For `mint` and `transfer` the receiver's balance key, taken as it is written.
    public var key: ByteString
    /// The value to set, or the amount as a big-endian unsigned number. Empty prints as absent (Go's `omitempty`),
    /// so nil and empty are one thing here.
    public var value: [UInt8]

    public init(type: OperationType, key: ByteString, value: [UInt8] = []) {
        self.type = type
        self.key = key
        self.value = value
    }
}

/// The state keys that mean something to the ledger.
public enum StateKeys {
    /// In front of an address: its balance (`ledger.md`, "Operations").
    public static let balancePrefix: ByteString = "balance:"

    /// A genesis state key: names the rule set that the genesis commits to.
    public static let rules: ByteString = "chain:rules"

    /// A genesis state key: the block time of strict rules, as `5s`.
    public static let blockTime: ByteString = "chain:block_time"

    /// Whether `key` starts with `balance:`, whatever follows.
    public static func isBalance(_ key: ByteString) -> Bool {
        key.bytes.starts(with: balancePrefix.bytes)
    }

    /// The key of `address`'s balance: `balance:` and the address in lower case.
    public static func balance(of address: Address) -> ByteString {
        let (prefix, bytes) = (balancePrefix.bytes, address.bytes)
        let count = prefix.count + Address.textCount
        return ByteString(
            [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
                for (index, byte) in prefix.enumerated() { room[index] = byte }
                room[prefix.count] = UInt8(ascii: "0")
                room[prefix.count + 1] = UInt8(ascii: "x")
                for (index, byte) in bytes.enumerated() {
                    room[prefix.count + 2 + 2 * index] = hexDigit(byte >> 4)
                    room[prefix.count + 3 + 2 * index] = hexDigit(byte & 15)
                }
                initialized = count
            })
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
