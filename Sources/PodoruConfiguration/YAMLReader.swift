internal import CYAML

/// One YAML document as nodes with their places, by libyaml's events.
///
/// Left out on purpose, each with a message of its own: anchors and aliases (a few lines of them expand to gigabytes),
/// tags (a value's type is its key's), more than one document. Depth, values and bytes are bounded by
/// `ConfigurationLimits`.
struct YAMLReader {
    /// The document's value; `nil` for an empty file. After a problem, the entries of the outermost mapping that were
    /// whole before it.
    private(set) var root: ConfigurationNode?
    private(set) var problem: ConfigurationProblem?

    init(_ bytes: [UInt8]) {
        guard bytes.count <= ConfigurationLimits.maxFileBytes else {
            problem = ConfigurationProblem(
                position: .mark(line: 1, column: 1),
                reason: "the file has more than \(ConfigurationLimits.maxFileBytes) bytes, as no configuration has",
                remedy: ConfigurationLimits.remedyForAnotherFile)
            return
        }
        bytes.withUnsafeBufferPointer { input in
            var events = YAMLEvents(input)
            do throws(ConfigurationProblem) {
                try readStream(&events)
            } catch {
                problem = error
            }
        }
    }

    private mutating func readStream(_ events: inout YAMLEvents) throws(ConfigurationProblem) {
        while true {
            let event = try events.next()
            switch event.kind {
            case .documentStart where root != nil:
                throw event.problem(
                    "a second document begins here, and one file is one configuration", remedy: "remove what follows '---'")
            case .documentStart, .other: continue
            case .end: return
            default: root = try read(event, &events, depth: 0)
            }
        }
    }

    private mutating func read(
        _ event: YAMLEvents.Event, _ events: inout YAMLEvents, depth: Int
    ) throws(ConfigurationProblem) -> ConfigurationNode {
        if depth > ConfigurationLimits.maxDepth {
            throw event.problem(
                "nested deeper than \(ConfigurationLimits.maxDepth)", remedy: "write one value, or a list of plain values, after a key")
        }
        switch event.kind {
        case .scalar(let text, let isQuoted):
            let isNull = !isQuoted && ["", "~", "null"].contains(text)
            return ConfigurationNode(
                content: isNull ? .null : .scalar(text, isQuoted: isQuoted), position: event.position)
        case .listStart:
            var items: [ConfigurationNode] = []
            while true {
                let next = try events.next()
                if case .containerEnd = next.kind { break }
                items.append(try read(next, &events, depth: depth + 1))
            }
            return ConfigurationNode(content: .list(items), position: event.position)
        case .mappingStart: return try readMapping(event, &events, depth: depth)
        default: throw event.problem("not a value", remedy: "write 'key: value'")
        }
    }

    private mutating func readMapping(
        _ event: YAMLEvents.Event, _ events: inout YAMLEvents, depth: Int
    ) throws(ConfigurationProblem) -> ConfigurationNode {
        var pairs: [(key: ConfigurationNode, value: ConfigurationNode)] = []
        do throws(ConfigurationProblem) {
            while true {
                let next = try events.next()
                if case .containerEnd = next.kind { break }
                let key = try read(next, &events, depth: depth + 1)
                pairs.append((key, try read(try events.next(), &events, depth: depth + 1)))
            }
        } catch {
            if depth == 0 { root = ConfigurationNode(content: .mapping(pairs), position: event.position) }
            throw error
        }
        return ConfigurationNode(content: .mapping(pairs), position: event.position)
    }
}
