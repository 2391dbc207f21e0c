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
        try self.init(decoding: json, keeping: .everything)
    }

    /// How much of a genesis file is kept when it is read.
    enum Kept {
        case everything
        /// What every start needs: all but the balances, and of the state the keys that lay down rules. All of the text is still checked
        /// to be JSON.
        case rules

        func state(_ key: ByteString) -> Bool { self == .everything || key == StateKeys.rules || key == StateKeys.blockTime }
        func balance(_ address: ByteString) -> Bool { self == .everything }
    }

    init(decoding json: [UInt8], keeping kept: Kept) throws(DecodingError) {
        self.init(timestamp: 0, authorities: [])
        self = try json.withBytes { (bytes) throws(DecodingError) in
            try decodeDocument(bytes, limit: GenesisConfiguration.maxBytes) { [self] (reader) throws(JSONError) in
                var configuration = self
                if try !reader.consumeNull() { try configuration.decode(&reader, keeping: kept) }
                return configuration
            }
        }
    }

    /// This configuration without what only the genesis block needs: balances, and state but for the keys that lay down rules.
    var withoutState: GenesisConfiguration {
        var outline = self
        outline.initialState = initialState.filter { Kept.rules.state($0.key) }
        outline.initialBalances = [:]
        return outline
    }

    /// Bytes of a genesis file: 16 MiB are 700,000 keys of the state or 250,000 balances. The block that they make is ten times as long and
    /// is made in memory, once in the life of a store.
    public static let maxFileBytes = 16 << 20

    /// Bytes of the same in canonical form, where `<` is the six of `\u003c`: what a store may hold.
    static let maxBytes = 6 * maxFileBytes

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
        return keyFault()
    }

    /// The reference's store takes no longer key, so that such a genesis starts no chain there.
    private func keyFault() -> GenesisError? {
        let keys = initialState.keys.lazy.map(\.count)
        let balances = initialBalances.keys.lazy.map { StateKeys.balancePrefix.count + $0.lowercasedAsGo.count }
        let longest = max(keys.max() ?? 0, balances.max() ?? 0)
        return longest > Limits.maxGenesisKeyBytes ? .stateKeyTooLong(bytes: longest) : nil
    }

    /// The balances in bytewise order of the addresses.
    var sortedBalances: [(address: ByteString, text: ByteString)] {
        initialBalances.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

// MARK: JSON

extension GenesisConfiguration {
    private mutating func decode(_ reader: inout JSONReader, keeping kept: Kept) throws(JSONError) {
        var wholeAuthorities: [ByteString] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key.matches("timestamp") {
                if try !reader.consumeNull() { timestamp = try reader.readInt64() }
            } else if key.matches("authorities") {
                authorities = try reader.readStrings(over: authorities, whole: &wholeAuthorities)
            } else if key.matches("initial_state") {
                try reader.readMap(into: &initialState, keeping: kept.state)
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
                try reader.readMap(into: &initialBalances, keeping: kept.balance)
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
    /// An array of strings as Go reads it over an older one: a null element keeps the old text, and what a shorter array left behind its end
    /// (`whole`, as in `readGoBytes`) shows again in a longer one.
    fileprivate mutating func readStrings(over old: [ByteString], whole: inout [ByteString]) throws(JSONError) -> [ByteString] {
        var strings = whole.isEmpty ? old : whole
        whole = []
        if try consumeNull() { return [] }
        var count = 0
        try beginArray()
        while try nextElement() {
            if count == strings.count { strings.append(ByteString([])) }
            if try !consumeNull() { strings[count] = try readString() }
            count += 1
        }
        if count == strings.count { return strings }
        guard count > 0 else { return [] }
        whole = strings
        return Array(strings[..<count])
    }

    /// An object of strings, read into what is there as Go reads a map; a null value is an empty string. Entries whose key is not `kept`
    /// are checked only.
    fileprivate mutating func readMap(
        into map: inout [ByteString: ByteString], keeping kept: (ByteString) -> Bool
    ) throws(JSONError) {
        if try consumeNull() {
            map = [:]
            return
        }
        try beginObject()
        while let key = try nextKey() {
            let name = key.bytes
            if !kept(name) {
                if try !consumeNull() { _ = try readStringView() }
            } else {
                map[name] = try consumeNull() ? ByteString([]) : try readString()
            }
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
