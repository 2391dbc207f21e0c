internal import ArgumentParser
internal import Ledger
internal import Node
internal import Platform
internal import PodoruConfiguration
internal import Primitives
internal import Terminal
internal import WholeFiles

/// What all the `tx` commands take.
struct TransactionOptions: ParsableArguments {
    @OptionGroup var node: NodeOptions
    @Option(
        help: ArgumentHelp(
            "The key file that signs, as keygen writes it; - for standard input. PODORU_KEY_FILE unless given.", valueName: "file"),
        completion: .file())
    var keyFile: String?
    @Option(help: ArgumentHelp("The nonce; the node's next one for the sender unless given.", valueName: "number"))
    var nonce: UInt64?
    @Flag(inversion: .prefixedNo, help: "Wait until a block has the transaction.")
    var wait = true
    @Option(help: "How long to wait, such as 60s or 5m.")
    var timeout = "60s"
    @Flag(help: "Print the signed transaction and send nothing. With --nonce no node is needed, unless an amount is in tokens.")
    var dryRun = false
    @Flag(help: "One line of JSON as the answer, and nothing beside it.")
    var json = false

    func validate() throws {
        guard let time = PlainDuration.milliseconds(timeout), time > 0 else {
            throw ValidationError("--timeout must be more than nothing, such as 60s or 5m")
        }
    }

    var timeoutMilliseconds: Int64 { PlainDuration.milliseconds(timeout) ?? 60_000 }

    func key() throws -> PrivateKey {
        let path = keyFile ?? ProcessVariables[PodoruVariable.keyFile.rawValue] ?? ""
        guard !path.isEmpty else {
            throw CommandFailure(.usage, "no key to sign with: give --key-file FILE, or set PODORU_KEY_FILE (podoru keygen makes a key)")
        }
        return try Files.loadKeyInput(path)
    }
}

/// The value of a SET as an operator gives it: as it stands, from a file or from standard input, plain or as hexadecimal digits.
enum TypedValue {
    static func read(_ text: String, isHex: Bool) throws -> [UInt8] {
        // Two digits a byte, a prefix and a line end.
        let maxBytes = isHex ? 2 * Limits.maxValueBytes + 16 : Limits.maxValueBytes
        let bytes: [UInt8]
        if text == "-" || text == "@-" {
            bytes = try Files.readStandardInput(maxBytes: maxBytes)
        } else if text.hasPrefix("@") {
            bytes = try Files.read(String(text.dropFirst()), as: "value file", maxBytes: maxBytes)
        } else {
            bytes = Array(text.utf8)
        }
        guard isHex else { return bytes }
        let digits = bytes.filter { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }
        guard let value = Hex.decodeOptionallyPrefixed(digits) else {
            let isLiteral = text != "-" && !text.hasPrefix("@")
            throw CommandFailure(isLiteral ? .usage : .badData, "the value is not hexadecimal: digits in pairs, with or without 0x")
        }
        return value
    }
}
