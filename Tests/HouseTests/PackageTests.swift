import Foundation
import Testing

/// `Package.swift` against the sources: what a target declares, and what it imports.
@Suite struct PackageTests {
    /// Declared without an import: linked for what its constructor does.
    private static let linkedOnly: Set<String> = ["podoru → CPriority"]

    private struct Target {
        var name: String
        var dependencies: [String]
    }

    private static let text = (try? String(contentsOf: House.root.appendingPathComponent("Package.swift"), encoding: .utf8)) ?? ""

    /// The modules behind `let logging: Target.Dependency = .product(name: "Logging", …)` and lists of such.
    private static let products: [String: [String]] = {
        var products: [String: [String]] = [:]
        for match in text.matches(of: #/let (\w+): \[?Target\.Dependency\]? =([\s\S]*?)\n(?=\n|let|///)/#) {
            products[String(match.1)] = match.2.matches(of: #/\.product\(name: "(\w+)"/#).map { String($0.1) }
        }
        return products
    }()

    /// Targets of `Sources` with what they declare, product names as the modules behind them.
    private static let targets: [Target] = {
        let plain = text.replacing(#/ *//.*/#, with: "")
        var targets: [Target] = []
        for match in plain.matches(of: #/(?:module\(|\.executableTarget\(|\.target\(\s*name:|\.executableTarget\(\s*name:)\s*"?([\w-]+)"/#)
        {
            let rest = plain[match.range.upperBound...]
            guard let open = rest.firstIndex(of: "["), !rest[..<open].contains(")") else { continue }
            var (depth, end) = (0, open)
            for index in rest[open...].indices {
                if rest[index] == "[" || rest[index] == "(" { depth += 1 }
                if rest[index] == "]" || rest[index] == ")" { depth -= 1 }
                end = index
                if depth < 0 || (depth == 0 && rest[index...].dropFirst().first { !$0.isWhitespace } != "+") { break }
            }
            var list = String(rest[open...end])
            if let more = rest[end...].dropFirst().prefixMatch(of: #/\s*\+\s*(\w+)/#) { list += " " + more.1 }
            var names: [String] = []
            for word in list.matches(of: #/\.product\(name: "(\w+)"[^)]*\)|"([\w-]+)"|(\w+)/#) {
                if let product = word.1 ?? word.2 { names.append(String(product)) }
                if let variable = word.3 { names += products[String(variable)] ?? [] }
            }
            targets.append(Target(name: String(match.1), dependencies: names))
        }
        return targets.filter { House.modules.contains($0.name) }
    }()

    /// The modules that a declared name makes importable.
    private static func modules(of name: String) -> Set<String> {
        switch name {
        case "CSystemShims": ["CUV", "CLMDB", "CYAML", "CZlib", "CSecp256k1", "CPosix", "CSystemShims"]
        case "NIOHTTPTypesHTTP1": [name]
        case "SystemPackage": ["SystemPackage", "System"]
        default: [name]
        }
    }

    @Test func everyTargetIsRead() {
        #expect(Set(Self.targets.map(\.name)) == House.modules)
    }

    @Test func everyDeclaredEdgeIsUsed() {
        var found: [String: String] = [:]
        for target in Self.targets {
            for name in target.dependencies where House.imports[target.name]?.isDisjoint(with: Self.modules(of: name)) ?? true {
                found["\(target.name) → \(name)"] = "\(target.name) declares \(name) and does not import it"
            }
        }
        #expect(unexcused(found, excuses: Self.linkedOnly) == [])
    }

    /// A module that is there by way of another one only is gone when that one changes.
    @Test func everyImportIsDeclared() {
        var found: [String] = []
        for target in Self.targets {
            let declared = target.dependencies.reduce(into: Set<String>()) { $0.formUnion(Self.modules(of: $1)) }
            for name in House.imports[target.name] ?? [] where House.modules.contains(name) && !declared.contains(name) {
                found.append("\(target.name) imports \(name) and does not declare it")
            }
        }
        #expect(found.sorted() == [])
    }
}
