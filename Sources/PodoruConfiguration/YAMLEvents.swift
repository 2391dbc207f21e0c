internal import CYAML

/// libyaml's parser as a source of events. Owns the C struct, which lives on the heap because the library keeps
/// pointers into it; the input must outlive it.
struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeBufferPointer<UInt8>
    private var count = 0

    struct Event {
        enum Kind {
            case documentStart
            case scalar(String, isQuoted: Bool)
            case listStart
            case mappingStart
            case containerEnd
            /// The end of the stream.
            case end
            /// What carries nothing: the stream's start, a document's end.
            case other
        }

        var kind: Kind
        var position: ConfigurationPosition

        func problem(_ reason: String, remedy: String) -> ConfigurationProblem {
            ConfigurationProblem(position: position, reason: reason, remedy: remedy)
        }
    }

    init(_ input: UnsafeBufferPointer<UInt8>) {
        self.input = input
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        // 0 means out of memory; the parser is then empty and its first event fails.
        if yaml_parser_initialize(parser) != 0 {
            yaml_parser_set_input_string(parser, input.baseAddress, input.count)
        }
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// The next event, or libyaml's problem, or what this reader leaves out.
    mutating func next() throws(ConfigurationProblem) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) != 0 else { throw problem.explainedByTab(in: input) }
        defer { yaml_event_delete(&event) }
        count += 1
        let result = Event(kind: try kind(of: event), position: YAMLEvents.position(event.start_mark))
        if count > ConfigurationLimits.maxValues {
            throw result.problem(
                "the file has more than \(ConfigurationLimits.maxValues) values, as no configuration has",
                remedy: ConfigurationLimits.remedyForAnotherFile)
        }
        return result
    }

    private func kind(of event: yaml_event_t) throws(ConfigurationProblem) -> Event.Kind {
        let mark = event.start_mark
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            try refuse(anchor: scalar.anchor, tag: scalar.tag, mark)
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(String(decoding: bytes, as: UTF8.self), isQuoted: scalar.style != YAML_PLAIN_SCALAR_STYLE)
        case YAML_SEQUENCE_START_EVENT:
            try refuse(anchor: event.data.sequence_start.anchor, tag: event.data.sequence_start.tag, mark)
            return .listStart
        case YAML_MAPPING_START_EVENT:
            try refuse(anchor: event.data.mapping_start.anchor, tag: event.data.mapping_start.tag, mark)
            return .mappingStart
        case YAML_ALIAS_EVENT:
            throw ConfigurationProblem(
                position: YAMLEvents.position(mark), reason: "aliases (*name) are not supported",
                remedy: "write the value out, or quote the '*'")
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .containerEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return .end
        default: return .other
        }
    }

    private func refuse(
        anchor: UnsafeMutablePointer<UInt8>?, tag: UnsafeMutablePointer<UInt8>?, _ mark: yaml_mark_t
    ) throws(ConfigurationProblem) {
        if anchor != nil {
            throw ConfigurationProblem(
                position: YAMLEvents.position(mark), reason: "anchors (&name) are not supported",
                remedy: "write the value out where it is used")
        }
        if tag != nil {
            throw ConfigurationProblem(
                position: YAMLEvents.position(mark), reason: "tags (!name) are not supported",
                remedy: "remove it, a value's type follows from its key")
        }
    }

    private static func position(_ mark: yaml_mark_t) -> ConfigurationPosition {
        .mark(line: mark.line + 1, column: mark.column + 1)
    }

    /// What libyaml complains of, with a remedy where its words have none.
    private var problem: ConfigurationProblem {
        let said = parser.pointee.problem.map { String(cString: $0) } ?? "out of memory"
        let context = parser.pointee.context.map { String(cString: $0) }
        let remedy = YAMLEvents.remedies.first { said.contains($0.words) || context?.contains($0.words) == true }?.remedy
        return ConfigurationProblem(
            position: problemPosition(context, said), reason: "not YAML: " + (context.map { "\($0), " } ?? "") + said,
            remedy: remedy ?? "look at this line and the one before it for a bracket, a quote or an indentation")
    }

    private func problemPosition(_ context: String?, _ said: String) -> ConfigurationPosition {
        // The decoder of characters counts bytes and sets no mark.
        if parser.pointee.error == YAML_READER_ERROR { return position(ofByte: parser.pointee.problem_offset) }
        // What could not be scanned is mended where it begins (the quote that is never closed), what could not be
        // parsed, and a tab, where it stands.
        let beginsEarlier = (context?.hasPrefix("while scanning") ?? false) && !said.contains("tab character")
        return YAMLEvents.position(beginsEarlier ? parser.pointee.context_mark : parser.pointee.problem_mark)
    }

    private func position(ofByte offset: Int) -> ConfigurationPosition {
        let before = input.prefix(offset)
        let line = before.split(separator: 0x0a, omittingEmptySubsequences: false)
        let characters = line.last.map { $0.count { $0 & 0xc0 != 0x80 } } ?? 0
        return .mark(line: line.count, column: characters + 1)
    }

    private static let remedies: [(words: String, remedy: String)] = [
        ("alphabetic or numeric character", "put a value that begins with * or & in quotes"),
        ("could not find expected ':'", "a key is followed by a colon and a space"),
        ("mapping values are not allowed", "put a value that holds ': ' in quotes, and indent keys alike"),
        ("did not find expected key", "indent keys alike, and put a value with special characters in quotes"),
        ("expected ',' or ']'", "close the list with ] and put commas between its entries"),
        ("unexpected end of stream", "close the quotes"),
        ("cannot start any token", "put a value that begins with @, ` or % in quotes"),
        ("UTF-8", "save the file as UTF-8"),
    ]
}

extension ConfigurationProblem {
    /// A tab in front of a line's text is what most often makes YAML unreadable, and libyaml does not name it.
    fileprivate func explainedByTab(in input: UnsafeBufferPointer<UInt8>) -> ConfigurationProblem {
        guard case .mark(let line, _) = position else { return self }
        // The line of the problem, and the one before: some problems show only on the next line.
        for candidate in [line, line - 1] where candidate > 0 {
            let lines = input.split(separator: 0x0a, maxSplits: candidate, omittingEmptySubsequences: false)
            guard lines.count >= candidate else { continue }
            let indentation = lines[candidate - 1].prefix { $0 == 0x20 || $0 == 0x09 }
            guard let tab = indentation.firstIndex(of: 0x09) else { continue }
            return ConfigurationProblem(
                position: .mark(line: candidate, column: tab - indentation.startIndex + 1),
                reason: "a tab indents this line", remedy: "write spaces, YAML takes nothing else there")
        }
        return self
    }
}
