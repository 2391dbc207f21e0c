/// A strict reader of the two texts: it refuses what the formats forbid, and a little of what they only advise against.
struct ExpositionParser {
    struct Family {
        var name: String
        var type: String
        var help: String
        var unit: String?
        var samples: [Sample] = []
    }

    struct Sample {
        var name: String
        var labels: [(name: String, value: String)]
        var value: Double
        /// As it was written.
        var text: String

        subscript(label: String) -> String? { labels.first { $0.name == label }?.value }
        var series: String { name + labels.map { "{\($0.name)=\($0.value)}" }.joined() }
    }

    struct Refusal: Error, CustomStringConvertible {
        var description: String
    }

    private let isOpenMetrics: Bool
    private var families: [Family] = []
    private var help: (name: String, text: String)?
    private var series: Set<String> = []

    static func parse(_ bytes: [UInt8], isOpenMetrics: Bool) throws -> [Family] {
        var parser = ExpositionParser(isOpenMetrics: isOpenMetrics)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Refusal(description: "no UTF-8") }
        guard text.hasSuffix("\n") else { throw Refusal(description: "the last line has no end") }
        var lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if isOpenMetrics {
            guard lines.popLast() == "# EOF" else { throw Refusal(description: "no # EOF at the end") }
        }
        for line in lines {
            do { try parser.take(line) } catch let refusal as Refusal { throw Refusal(description: "\(refusal): \(line)") }
        }
        for family in parser.families { try parser.check(family) }
        return parser.families
    }

    private init(isOpenMetrics: Bool) {
        self.isOpenMetrics = isOpenMetrics
    }

    // MARK: Lines

    private mutating func take(_ line: String) throws {
        guard line.hasPrefix("# ") else { return try takeSample(line) }
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 4, !words[3].isEmpty else { throw Refusal(description: "an incomplete comment") }
        guard isName(words[2]) else { throw Refusal(description: "a bad name") }
        switch words[1] {
        case "HELP":
            guard !families.contains(where: { $0.name == words[2] }) else { throw Refusal(description: "a second HELP") }
            help = (words[2], words[3])
        case "TYPE":
            guard let known = help, known.name == words[2] else { throw Refusal(description: "TYPE without HELP before it") }
            let types = isOpenMetrics ? ["gauge", "counter", "histogram", "info"] : ["gauge", "counter", "histogram"]
            guard types.contains(words[3]) else { throw Refusal(description: "a type that is none") }
            families.append(Family(name: words[2], type: words[3], help: known.text))
            help = nil
        case "UNIT" where isOpenMetrics:
            guard let last = families.indices.last, families[last].name == words[2], families[last].samples.isEmpty else {
                throw Refusal(description: "UNIT of another family")
            }
            guard words[2].hasSuffix("_" + words[3]) else { throw Refusal(description: "the name does not end in its unit") }
            families[last].unit = words[3]
        default: throw Refusal(description: "a comment that says nothing")
        }
    }

    private mutating func takeSample(_ line: String) throws {
        var rest = line[...]
        let name = String(rest.prefix { $0 != "{" && $0 != " " })
        rest = rest.dropFirst(name.count)
        guard isName(name) else { throw Refusal(description: "a bad name") }
        var labels: [(name: String, value: String)] = []
        if rest.first == "{" { labels = try takeLabels(&rest) }
        guard rest.popFirst() == " ", let value = Double(rest), !rest.contains(" ") else { throw Refusal(description: "a bad value") }
        let sample = Sample(name: name, labels: labels, value: value, text: String(rest))
        guard series.insert(sample.series).inserted else { throw Refusal(description: "a series twice") }
        guard let last = families.indices.last, suffixes(of: families[last]).contains(where: { families[last].name + $0 == name }) else {
            throw Refusal(description: "a sample of another family")
        }
        families[last].samples.append(sample)
    }

    private func takeLabels(_ rest: inout Substring) throws -> [(name: String, value: String)] {
        var labels: [(name: String, value: String)] = []
        rest.removeFirst()
        while true {
            let name = String(rest.prefix { $0 != "=" })
            rest = rest.dropFirst(name.count)
            guard isName(name), !name.contains(":"), rest.hasPrefix("=\"") else { throw Refusal(description: "a bad label") }
            rest = rest.dropFirst(2)
            var value = ""
            while let character = rest.popFirst(), character != "\"" {
                guard character == "\\" else {
                    value.append(character)
                    continue
                }
                switch rest.popFirst() {
                case "\\": value.append("\\")
                case "\"": value.append("\"")
                case "n": value.append("\n")
                default: throw Refusal(description: "a bad escape")
                }
            }
            guard !labels.contains(where: { $0.name == name }) else { throw Refusal(description: "a label twice") }
            labels.append((name, value))
            switch rest.popFirst() {
            case ",": continue
            case "}": return labels
            default: throw Refusal(description: "labels without end")
            }
        }
    }

    private func isName(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, first.properties.isAlphabetic || first == "_" else { return false }
        return text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "_:".unicodeScalars.contains($0))
        }
    }

    // MARK: Families

    private func suffixes(of family: Family) -> [String] {
        switch family.type {
        case "counter": isOpenMetrics ? ["_total"] : [""]
        case "histogram": ["_bucket", "_sum", "_count"]
        case "info": ["_info"]
        default: [""]
        }
    }

    private func check(_ family: Family) throws {
        func refuse(_ text: String) -> Refusal { Refusal(description: "\(family.name): \(text)") }
        // Both formats allow a family without samples. One is told so: while no authority's block has come, there is no offset.
        guard !family.samples.isEmpty || family.name == "podoru_clock_offset_seconds" else { throw refuse("no sample") }
        guard families.count(where: { $0.name == family.name }) == 1 else { throw refuse("stands twice") }
        if family.type == "counter" {
            guard family.name.hasSuffix("_total") != isOpenMetrics else { throw refuse("_total in the wrong place") }
            guard family.samples.allSatisfy({ $0.value >= 0 }) else { throw refuse("a counter below zero") }
        }
        guard family.type == "histogram" else { return }
        let buckets = family.samples.filter { $0.name.hasSuffix("_bucket") }
        let bounds = buckets.compactMap { $0["le"].flatMap { $0 == "+Inf" ? Double.infinity : Double($0) } }
        guard bounds.count == buckets.count, bounds == bounds.sorted(), Set(bounds).count == bounds.count else {
            throw refuse("bad bounds")
        }
        guard isOpenMetrics == false || buckets.allSatisfy({ $0["le"] == "+Inf" || $0["le"]?.contains(".") == true }) else {
            throw refuse("a bound that is not written as a float")
        }
        let counts = buckets.map(\.value)
        guard counts == counts.sorted() else { throw refuse("buckets are not cumulative") }
        let count = family.samples.first { $0.name.hasSuffix("_count") }?.value
        guard bounds.last == .infinity, count == counts.last else { throw refuse("the count is not the last bucket") }
        guard family.samples.contains(where: { $0.name.hasSuffix("_sum") }) else { throw refuse("no sum") }
    }
}
