internal import Primitives

/// A key of a genesis file that nobody reads, or that stands there twice.
///
/// The reference ignores the one and takes the last of the other, so both change nothing where they are wrong: a mistyped
/// `gas_confg` is a chain without fees. Who makes a genesis is told (`podoru check-config`), who runs one is warned.
public struct GenesisKeyFault: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// No key of a genesis; `known` are those of its object.
        case unknown(known: [String])
        case repeated
    }

    public var kind: Kind
    /// From the top, as in `token_config.nmae`.
    public var path: String
    /// Where its name begins, from 1; columns count characters.
    public var line: Int
    public var column: Int

    /// How many are told of one file; the rest of a file that is none would only be more of the same.
    public static let maxCount = 20
}

extension GenesisKeyFault: CustomStringConvertible {
    public var description: String {
        switch kind {
        case .unknown(let known): "\(path) is no key of a genesis; the keys here are \(known.joined(separator: ", "))"
        case .repeated: "\(path) is given twice; the last one counts"
        }
    }
}

extension GenesisConfiguration {
    /// The keys of a genesis file's JSON that are unknown or repeated, in their order, at most `GenesisKeyFault.maxCount`. One pass,
    /// about 0.1 µs a key of the maps, and 16 bytes of memory.
    public static func keyFaults(in json: [UInt8]) -> [GenesisKeyFault] {
        json.withBytes { bytes in
            var audit = KeyAudit(bytes: bytes)
            // What is no JSON is found by whoever decodes it.
            try? audit.run()
            return audit.faults
        }
    }
}

/// Walks over a genesis' JSON and looks at nothing but keys.
private struct KeyAudit {
    let bytes: UnsafeRawBufferPointer
    var faults: [GenesisKeyFault] = []

    private static let genesisKeys: [StaticString] = [
        "timestamp", "authorities", "initial_state", "token_config", "gas_config", "initial_balances",
    ]
    private static let tokenKeys: [StaticString] = ["name", "symbol", "decimals", "initial_supply"]
    private static let gasKeys: [StaticString] = ["base_fee", "per_byte_fee"]

    mutating func run() throws(JSONError) {
        var reader = JSONReader(bytes, maxDepth: Limits.maxJSONDepth)
        guard try reader.peek() == .object else { return }
        try members(of: "", Self.genesisKeys, &reader) { (audit, key, reader) throws(JSONError) in
            switch key {
            case "token_config": try audit.object(key, Self.tokenKeys, &reader)
            case "gas_config": try audit.object(key, Self.gasKeys, &reader)
            case "initial_state", "initial_balances": try audit.map(key, &reader)
            default: _ = try reader.skipValue()
            }
        }
    }

    /// An object of which all keys are known.
    private mutating func object(_ name: String, _ known: [StaticString], _ reader: inout JSONReader) throws(JSONError) {
        guard try reader.peek() == .object else {
            _ = try reader.skipValue()
            return
        }
        try members(of: "\(name).", known, &reader) { (_, _, reader) throws(JSONError) in _ = try reader.skipValue() }
    }

    private mutating func members(
        of path: String, _ known: [StaticString], _ reader: inout JSONReader,
        _ value: (inout KeyAudit, _ key: String, inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        var seen: Set<Int> = []
        try reader.beginObject()
        while true {
            let before = reader.offset
            guard let key = try reader.nextKey() else { return }
            let place = known.firstIndex { key.matches($0) }
            let name = place.map { known[$0].description } ?? ""
            if let place, !seen.insert(place).inserted {
                note(.repeated, path + name, after: before)
            } else if place == nil {
                note(.unknown(known: known.map(\.description)), path + key.bytes.abbreviated, after: before)
            }
            try value(&self, name, &reader)
        }
    }

    /// An object whose keys are anybody's. There may be a million of them, so their hashes are kept first, and the keys themselves only
    /// where two hashes are the same.
    private mutating func map(_ name: String, _ reader: inout JSONReader) throws(JSONError) {
        var again = reader
        guard try reader.peek() == .object else {
            _ = try reader.skipValue()
            return
        }
        var hashes: Set<Int> = []
        var isRepeated = false
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if !hashes.insert(key.bytes.hashValue).inserted { isRepeated = true }
            _ = try reader.skipValue()
        }
        guard isRepeated else { return }
        var seen: Set<ByteString> = []
        try again.beginObject()
        while true {
            let before = again.offset
            guard let key = try again.nextKey() else { return }
            if !seen.insert(key.bytes).inserted { note(.repeated, "\(name).\(key.bytes.abbreviated)", after: before) }
            _ = try again.skipValue()
        }
    }

    /// - Parameter offset: where the reader stood before it read the key: between is nothing but space and a comma.
    private mutating func note(_ kind: GenesisKeyFault.Kind, _ path: String, after offset: Int) {
        guard faults.count < GenesisKeyFault.maxCount else { return }
        let start = bytes[offset...].firstIndex(of: UInt8(ascii: "\"")) ?? offset
        let lineStart = bytes[..<start].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let line = 1 + bytes[..<start].count { $0 == UInt8(ascii: "\n") }
        // Bytes that go on a character do not count.
        let column = 1 + bytes[lineStart..<start].count { $0 & 0xC0 != 0x80 }
        // It goes to terminals, and the file may be a stranger's.
        let shown = String(String.UnicodeScalarView(path.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
        faults.append(GenesisKeyFault(kind: kind, path: shown, line: line, column: column))
    }
}
