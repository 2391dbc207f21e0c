public import Primitives

/// A genesis as its JSON file describes it: `{timestamp, authorities[], initial_state{}, token_config?, gas_config?,
/// initial_balances?}`. `Genesis` makes a chain of it.
public struct GenesisConfiguration: Hashable, Sendable {
    /// Seconds since 1970.
    public var timestamp: Int64
    /// The producers' addresses. Case counts: a header names its producer exactly as it stands here.
    public var authorities: [ByteString]
    public var initialState: [ByteString: ByteString]
    public var token: TokenConfiguration?
    public var gas: GasConfiguration?
    /// Address to amount in decimal. Two spellings of one address are minted both.
    public var initialBalances: [ByteString: ByteString]

    public init(
        timestamp: Int64, authorities: [ByteString], initialState: [ByteString: ByteString] = [:],
        token: TokenConfiguration? = nil, gas: GasConfiguration? = nil, initialBalances: [ByteString: ByteString] = [:]
    ) {
        self.timestamp = timestamp
        self.authorities = authorities
        self.initialState = initialState
        self.token = token
        self.gas = gas
        self.initialBalances = initialBalances
    }

    /// Reads a genesis file's JSON, as Go would: keys in any case, unknown ones ignored, the last of two wins.
    public init(decoding json: [UInt8]) throws(DecodingError) {
        self.init(timestamp: 0, authorities: [])
        self = try json.withBytes { (bytes) throws(DecodingError) in
            try decodeDocument(bytes, limit: GenesisConfiguration.maximumBytes) { [self] (reader) throws(JSONError) in
                var configuration = self
                if try !reader.consumeNull() { try configuration.decode(&reader) }
                return configuration
            }
        }
    }

    /// Bytes of a genesis file: its operator's own, so the bound only keeps a wrong file from filling memory.
    public static let maximumBytes = 256 * 1024 * 1024

    /// What is wrong by the reference's rules, in its order; nil when nothing is.
    public func fault() -> GenesisError? {
        if authorities.isEmpty { return .noAuthorities }
        var seen: Set<ByteString> = []
        for authority in authorities where !seen.insert(authority).inserted { return .duplicateAuthority(authority) }
        if let fault = token?.fault() { return fault }
        do throws(GenesisError) { _ = try gas?.schedule() } catch { return error }
        for (address, text) in sortedBalances where SignedDecimal(text) == nil {
            return .invalidBalance(address: address, text: text)
        }
        return nil
    }

    /// The balances in bytewise order of the addresses.
    var sortedBalances: [(address: ByteString, text: ByteString)] {
        initialBalances.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

// MARK: JSON

extension GenesisConfiguration {
    private mutating func decode(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key.matches("timestamp") {
                if try !reader.consumeNull() { timestamp = try reader.readInt64() }
            } else if key.matches("authorities") {
                authorities = try reader.readStrings(authorities)
            } else if key.matches("initial_state") {
                try reader.readMap(into: &initialState)
            } else if key.matches("token_config") {
                if try reader.consumeNull() {
                    token = nil
                } else {
                    var value = token ?? TokenConfiguration(name: "", symbol: "", decimals: 0)
                    try value.decode(&reader)
                    token = value
                }
            } else if key.matches("gas_config") {
                if try reader.consumeNull() {
                    gas = nil
                } else {
                    var value = gas ?? GasConfiguration()
                    try value.decode(&reader)
                    gas = value
                }
            } else if key.matches("initial_balances") {
                try reader.readMap(into: &initialBalances)
            } else {
                _ = try reader.skipValue()
            }
        }
    }

    /// The configuration as a genesis file, on one line, maps in bytewise order of their keys.
    public var json: [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.raw("{\"timestamp\":")
        writer.integer(timestamp)
        writer.raw(",\"authorities\":[")
        for (index, authority) in authorities.enumerated() {
            if index > 0 { writer.raw(",") }
            writer.string(authority)
        }
        writer.raw("],\"initial_state\":")
        writer.map(initialState)
        if let token {
            writer.raw(",\"token_config\":{\"name\":")
            writer.string(token.name)
            writer.raw(",\"symbol\":")
            writer.string(token.symbol)
            writer.raw(",\"decimals\":")
            writer.integer(token.decimals)
            writer.raw(",\"initial_supply\":")
            writer.string(token.initialSupply)
            writer.raw("}")
        }
        if let gas {
            writer.raw(",\"gas_config\":{\"base_fee\":")
            writer.string(gas.baseFee)
            writer.raw(",\"per_byte_fee\":")
            writer.string(gas.perByteFee)
            writer.raw("}")
        }
        if !initialBalances.isEmpty {
            writer.raw(",\"initial_balances\":")
            writer.map(initialBalances)
        }
        writer.raw("}")
        return writer.bytes
    }
}

extension TokenConfiguration {
    fileprivate mutating func decode(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key.matches("name") {
                if try !reader.consumeNull() { name = try reader.readString() }
            } else if key.matches("symbol") {
                if try !reader.consumeNull() { symbol = try reader.readString() }
            } else if key.matches("decimals") {
                if try !reader.consumeNull() { decimals = try reader.readInt64() }
            } else if key.matches("initial_supply") {
                if try !reader.consumeNull() { initialSupply = try reader.readString() }
            } else {
                _ = try reader.skipValue()
            }
        }
    }
}

extension GasConfiguration {
    fileprivate mutating func decode(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key.matches("base_fee") {
                if try !reader.consumeNull() { baseFee = try reader.readString() }
            } else if key.matches("per_byte_fee") {
                if try !reader.consumeNull() { perByteFee = try reader.readString() }
            } else {
                _ = try reader.skipValue()
            }
        }
    }
}

extension JSONReader {
    /// An array of strings as Go reads it over an older one: a null element keeps the old text.
    fileprivate mutating func readStrings(_ old: [ByteString]) throws(JSONError) -> [ByteString] {
        if try consumeNull() { return [] }
        try beginArray()
        var strings: [ByteString] = []
        while try nextElement() {
            let before = strings.count < old.count ? old[strings.count] : ByteString([])
            strings.append(try consumeNull() ? before : try readString())
        }
        return strings
    }

    /// An object of strings, read into what is there as Go reads a map; a null value is an empty string.
    fileprivate mutating func readMap(into map: inout [ByteString: ByteString]) throws(JSONError) {
        if try consumeNull() {
            map = [:]
            return
        }
        try beginObject()
        while let key = try nextKey() {
            map[key.bytes] = try consumeNull() ? ByteString([]) : try readString()
        }
    }
}

extension JSONWriter {
    fileprivate mutating func map(_ map: [ByteString: ByteString]) {
        raw("{")
        for (index, entry) in map.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { raw(",") }
            string(entry.key)
            raw(":")
            string(entry.value)
        }
        raw("}")
    }
}
