import Testing

/// How the sources are written, as far as a machine can see it.
@Suite struct ConductTests {
    @Test func nothingCrashesOnPurpose() {
        let words = ["try!", " as! ", "fatalError(", "preconditionFailure("]
        #expect(House.findings { line in words.contains { line.contains($0) } } == [])
    }

    @Test func nothingIsPutOff() {
        let found = House.sources.flatMap { source in
            source.lines.enumerated().filter { $1.contains("TODO") || $1.contains("FIXME") }.map { "\(source.path):\($0.offset + 1)" }
        }
        #expect(found == [])
    }

    /// `value!`: the reader cannot see why it is there, and the node ends when it is not.
    @Test func nothingIsUnwrappedByForce() {
        let found = House.findings { line in
            let bytes = Array(line.utf8)
            return bytes.indices.dropFirst().contains { index in
                guard bytes[index] == UInt8(ascii: "!") else { return false }
                let before = bytes[index - 1]
                let isValue =
                    before == UInt8(ascii: ")") || before == UInt8(ascii: "]") || before == UInt8(ascii: "_") || before == UInt8(ascii: "}")
                    || (before >= UInt8(ascii: "0") && before <= UInt8(ascii: "9"))
                    || (before | 0x20 >= UInt8(ascii: "a") && before | 0x20 <= UInt8(ascii: "z"))
                return isValue && (index + 1 == bytes.count || bytes[index + 1] != UInt8(ascii: "="))
            }
        }
        #expect(found == [])
    }

    @Test func onlyCommandsPrint() {
        let others = House.modules.subtracting(FloorTests.commands)
        #expect(House.findings(in: Array(others)) { $0.hasPrefix("print(") || $0.contains(" print(") } == [])
    }

    @Test func everyUncheckedOrUnsafeDeclarationSaysWhy() {
        var found: [String] = []
        for source in House.sources {
            for (index, line) in source.lines.enumerated()
            where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
                let above = index > 0 ? source.lines[index - 1] : ""
                if !line.contains("//"), !above.contains("//") { found.append("\(source.path):\(index + 1)") }
            }
        }
        #expect(found == [])
    }

    // MARK: Sizes

    /// Files that are longer than a head holds, on their way to be divided.
    private static let longFiles: Set<String> = []

    @Test func filesFitAHead() {
        let longest = 300
        let long = House.sources.filter { $0.lines.count > longest + 1 }
        let found = Dictionary(uniqueKeysWithValues: long.map { ($0.path, "\($0.path): \($0.lines.count) lines") })
        #expect(unexcused(found, excuses: Self.longFiles) == [])
    }

    /// Rooms that became attics once.
    @Test(arguments: [("podoru", 2500), ("Node", 2500)]) func noRoomBecomesAnAttic(module: String, most: Int) {
        let lines = House.sources.filter { $0.module == module }.reduce(0) { $0 + $1.lines.count }
        #expect(lines <= most, "\(module) has \(lines) lines")
    }

    // MARK: Tests

    /// A sleep is no way to wait for something: it is too short on a busy machine and too long on every other. What a test must let pass says why.
    @Test func aLongSleepSaysWhy() throws {
        var found: [String] = []
        for source in try House.read("Tests") {
            for (index, line) in source.code.enumerated() where Self.sleepMilliseconds(line) > 50 {
                let near = source.lines[max(0, index - 2)...index]
                if !near.contains(where: { $0.contains("// ") }) { found.append("\(source.path):\(index + 1): \(line)") }
            }
        }
        #expect(found == [])
    }

    private static func sleepMilliseconds(_ line: String) -> Int {
        guard line.contains("sleep(") else { return 0 }
        if let match = line.firstMatch(of: #/sleep\(for: \.(milliseconds|seconds)\((\d+)\)\)/#) {
            return (Int(match.2) ?? 0) * (match.1 == "seconds" ? 1000 : 1)
        }
        if let match = line.firstMatch(of: #/\busleep\((\d[\d_]*)\)/#) { return (Int(match.1.filter { $0 != "_" }) ?? 0) / 1000 }
        if let match = line.firstMatch(of: #/\bsleep\((\d+)\)/#) { return (Int(match.1) ?? 0) * 1000 }
        return 0
    }
}
