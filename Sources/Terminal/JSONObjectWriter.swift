package import Primitives

/// Writes one JSON object field by field; what is `nil` becomes null, so that the names are always there.
package struct JSONObjectWriter {
    private var writer = JSONWriter(capacity: 256)
    private var isEmpty = true

    package init() {}

    package mutating func field(_ name: StaticString, _ write: (inout JSONWriter) -> Void) {
        writer.raw(isEmpty ? "{\"" : ",\"")
        isEmpty = false
        writer.raw(name)
        writer.raw("\":")
        write(&writer)
    }

    package mutating func field(_ name: StaticString, _ value: String?) {
        field(name) { if let value { $0.string(ByteString(value)) } else { $0.raw("null") } }
    }

    package mutating func field(_ name: StaticString, _ value: (some FixedWidthInteger)?) {
        field(name) { if let value { $0.integer(value) } else { $0.raw("null") } }
    }

    mutating func field(_ name: StaticString, _ value: Bool) {
        field(name) { $0.bool(value) }
    }

    /// At most three digits behind the point.
    package mutating func field(_ name: StaticString, _ value: Double?) {
        field(name) { writer in
            guard let value else { return writer.raw("null") }
            writer.raw(Array("\((min(max(value, -1e12), 1e12) * 1000).rounded() / 1000)".utf8))
        }
    }

    package mutating func end() -> [UInt8] {
        writer.raw(isEmpty ? "{}" : "}")
        return writer.bytes
    }
}

extension JSONWriter {
    package mutating func array<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
        raw("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { raw(",") }
            write(&self, element)
        }
        raw("]")
    }
}
