import Foundation
import Testing

/// What is declared in `Sources` and used by nothing there. The search goes by names, so it may overlook what shares a name with something
/// living; what it finds is dead.
@Suite struct DeadSymbolTests {
    /// Names that somebody outside of `Sources` calls: a protocol of a library, the standard library, or ourselves in a debugger.
    private static let calledFromOutside: Set<String> = [
        "channelActive", "channelWritabilityChanged", "checkIsolated", "isIsolatingCurrentContext", "customMirror",
        "metadataProvider", "Podoru",
    ]
    /// Names that only tests use: they look into what has no other way to be seen, or bring about what a peer or the system would.
    private static let usedByTests: Set<String> = [
        "isObserving", "openHandleCount", "connectionReset", "runningCount", "anyV6", "loopbackV6", "closeWithReset",
        "pauseAccepting", "resumeAccepting", "isSet", "queuedCount", "finishWriting", "disconnect", "inboundCount",
        "pendingCount", "dialCount", "knownAddressCount", "triedAddressCount", "ConfigurationManPage", "ConfigurationManual",
        "isMidFrame", "gatheringCapacity",
    ]
    /// Names for which the next capability has a use already, and tests: the choice between chains, reads that tell how much.
    private static let waiting: Set<String> = [
        "ForkChoice", "prefers",
    ]

    @Test func everyNameIsUsed() {
        let counts = Names.counts
        var found: [String: String] = [:]
        for source in House.sources {
            for (index, line) in source.code.enumerated() {
                for name in Names.declared(by: line) where counts[name] == 1 { found[name] = "\(source.path):\(index + 1): \(name)" }
            }
        }
        #expect(unexcused(found, excuses: Self.calledFromOutside.union(Self.usedByTests).union(Self.waiting)) == [])
    }

    /// A case that is only ever matched cannot happen.
    @Test func everyCaseIsMade() {
        let made = Names.made
        var found: [String] = []
        for source in House.sources {
            var enums: [(indent: Int, isRaw: Bool)] = []
            for (index, line) in source.code.enumerated() {
                let indent = line.prefix { $0 == " " }.count
                if line.contains("enum "), let colonOrBrace = line.range(of: "enum ") {
                    while let last = enums.last, last.indent >= indent { enums.removeLast() }
                    enums.append((indent, Self.isMadeFromValues(line[colonOrBrace.upperBound...])))
                }
                let names = Names.cases(in: line)
                guard !names.isEmpty else { continue }
                while let last = enums.last, last.indent >= indent { enums.removeLast() }
                guard let own = enums.last, !own.isRaw else { continue }
                for name in names where !made.contains(name) { found.append("\(source.path):\(index + 1): \(name)") }
            }
        }
        #expect(found == [])
    }

    /// Whether an enum of this head comes out of raw values or lists its cases itself.
    private static func isMadeFromValues(_ head: Substring) -> Bool {
        guard let colon = head.firstIndex(of: ":") else { return false }
        let types = ["String", "Int", "CaseIterable", "ExpressibleByArgument", "CodingKey", "Character"]
        return types.contains { head[colon...].contains($0) }
    }
}

/// Names in the code of `Sources`.
enum Names {
    private static func isPart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: byte >= 0x80
        }
    }

    /// The names of a line with what stands before each.
    static func words(in line: String) -> [(name: String, before: UInt8?, place: Int)] {
        let bytes = Array(line.utf8)
        var words: [(String, UInt8?, Int)] = []
        var index = 0
        while index < bytes.count {
            guard isPart(bytes[index]) else {
                index += 1
                continue
            }
            let start = index
            while index < bytes.count, isPart(bytes[index]) { index += 1 }
            words.append((String(decoding: bytes[start..<index], as: UTF8.self), start > 0 ? bytes[start - 1] : nil, start))
        }
        return words
    }

    /// How often each name stands in the code.
    static let counts: [String: Int] = House.sources.reduce(into: [:]) { counts, source in
        for line in source.code { for word in words(in: line) { counts[word.name, default: 0] += 1 } }
    }

    private static let modifiers: Set<String> = [
        "public", "package", "internal", "private", "fileprivate", "static", "final", "mutating", "nonmutating", "lazy", "weak", "unowned",
        "override", "indirect", "nonisolated", "consuming", "borrowing", "required", "convenience", "prefix", "infix",
    ]
    private static let keywords: Set<String> = ["func", "var", "let", "struct", "enum", "class", "actor", "protocol", "typealias"]

    /// The names that a line declares.
    static func declared(by line: String) -> [String] {
        let tokens = line.split(separator: " ").drop { token in
            token.hasPrefix("@") || modifiers.contains(String(token.prefix { $0 != "(" }))
        }
        guard let first = tokens.first else { return [] }
        if first == "case" { return cases(in: line) }
        guard keywords.contains(String(first)), let second = tokens.dropFirst().first else { return [] }
        let name = words(in: String(second)).first?.name
        return second.first == "(" ? [] : [name].compactMap { $0 }
    }

    /// The cases of an enum that a line declares.
    static func cases(in line: String) -> [String] {
        let trimmed = line.trimmingCharacters(in: .whitespaces)
        let body = trimmed.hasPrefix("indirect case ") ? trimmed.dropFirst(9) : Substring(trimmed)
        guard body.hasPrefix("case "), !body.hasSuffix(":") else { return [] }
        var (depth, names, name) = (0, [String](), "")
        var isValue = false
        for character in body.dropFirst(5) + "," {
            switch character {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "," where depth == 0:
                names.append(name.trimmingCharacters(in: CharacterSet(charactersIn: " `")))
                (name, isValue) = ("", false)
            case "=" where depth == 0: isValue = true
            case ":" where depth == 0: return []
            default: if depth == 0, !isValue { name.append(character) }
            }
        }
        let first = names.first ?? ""
        guard first.first?.isLowercase == true, !first.contains(" "), !first.contains(".") else { return [] }
        return names.filter { !$0.isEmpty }
    }

    /// Names that stand behind a dot as a value, not as a pattern: `.name` by itself or `Type.name`.
    static let made: Set<String> = House.sources.reduce(into: []) { made, source in
        for line in source.code {
            let bytes = Array(line.utf8)
            let words = words(in: line)
            var isPattern = false
            var place = 0
            for word in words {
                let between = bytes[place..<word.place]
                if isPattern, between.contains(UInt8(ascii: ":")) || between.contains(UInt8(ascii: "=")) { isPattern = false }
                place = word.place + word.name.utf8.count
                if word.name == "case" { isPattern = true }
                guard !isPattern, word.before == UInt8(ascii: ".") || word.before == UInt8(ascii: "`") else { continue }
                let dot = word.before == UInt8(ascii: "`") ? word.place - 2 : word.place - 1
                guard dot >= 0, bytes[dot] == UInt8(ascii: ".") else { continue }
                if isType(before: dot, bytes) { made.insert(word.name) }
            }
        }
    }

    /// Whether nothing, or the name of a type, stands before a dot.
    private static func isType(before dot: Int, _ bytes: [UInt8]) -> Bool {
        var start = dot
        while start > 0, isPart(bytes[start - 1]) { start -= 1 }
        if start < dot { return bytes[start] >= UInt8(ascii: "A") && bytes[start] <= UInt8(ascii: "Z") }
        guard start > 0 else { return true }
        return ![UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "?"), UInt8(ascii: "}"), UInt8(ascii: "\"")].contains(bytes[start - 1])
    }
}
