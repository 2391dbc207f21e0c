internal import Primitives

/// A JSON text as a tree, for answers whose fields may be there or not. For small answers: a block is the largest.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// As it was written: nothing is rounded before somebody asks.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    package struct Member: Hashable, Sendable {
        var name: String
        var value: JSONValue
    }

    /// Values of one text. A block of 1 MiB has at most some ten thousand operations of three values each.
    private static let maxValues = 500_000

    /// Why a text was not taken.
    enum Fault: Error, CustomStringConvertible {
        case json(JSONError)
        case tooManyValues

        var description: String {
            switch self {
            case .json(let error): "the JSON is broken: \(error.description)"
            case .tooManyValues: "the JSON has more than \(JSONValue.maxValues) values"
            }
        }
    }

    /// Reads a whole text.
    init(_ bytes: [UInt8]) throws(Fault) {
        let result: Result<JSONValue, Fault> = bytes.withUnsafeBytes { buffer in
            do throws(Fault) {
                var reader = JSONReader(buffer)
                var budget = JSONValue.maxValues
                let value = try JSONValue.read(&reader, buffer, &budget)
                do throws(JSONError) { try reader.end() } catch { throw .json(error) }
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    /// Recurses as deep as the reader lets it: 64.
    private static func read(_ reader: inout JSONReader, _ bytes: UnsafeRawBufferPointer, _ budget: inout Int) throws(Fault) -> JSONValue {
        budget -= 1
        if budget < 0 { throw .tooManyValues }
        do {
            switch try reader.peek() {
            case .null:
                _ = try reader.consumeNull()
                return .null
            case .bool: return .bool(try reader.readBool())
            case .string: return .string(try reader.readString().text)
            case .number: return .number(String(decoding: bytes[try reader.skipValue()], as: UTF8.self))
            case .array:
                var elements: [JSONValue] = []
                try reader.beginArray()
                while try reader.nextElement() { elements.append(try read(&reader, bytes, &budget)) }
                return .array(elements)
            case .object:
                var members: [Member] = []
                try reader.beginObject()
                while let key = try reader.nextKey() {
                    members.append(Member(name: key.bytes.text, value: try read(&reader, bytes, &budget)))
                }
                return .object(members)
            }
        } catch let error as JSONError {
            throw .json(error)
        } catch let fault as Fault {
            throw fault
        } catch {
            throw .tooManyValues
        }
    }
}

extension JSONValue {
    /// The JSON of an object's member as it stands there; the last one where there are several, as everywhere.
    static func lastMember(_ name: StaticString, of object: [UInt8]) -> [UInt8]? {
        object.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            var found: Range<Int>?
            do throws(JSONError) {
                try reader.beginObject()
                while let key = try reader.nextKey() {
                    let isWanted = key.equals(name)
                    let range = try reader.skipValue()
                    if isWanted { found = range }
                }
            } catch {
                return nil
            }
            return found.map { Array(bytes[$0]) }
        }
    }

    /// The member of that name; null when there is none, or this is no object.
    package subscript(name: String) -> JSONValue {
        guard case .object(let members) = self else { return .null }
        return members.last { $0.name == name }?.value ?? .null
    }

    /// Characters of one text that are shown to a person.
    private static let maxShownCharacters = 256

    /// A text as it is shown: a name, a version or a reason is not longer in earnest.
    package var shortText: String? {
        text.map { $0.count <= JSONValue.maxShownCharacters ? $0 : $0.prefix(JSONValue.maxShownCharacters) + "…" }
    }

    package var isNull: Bool { self == .null }

    package var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    package var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    package var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// A whole number, as a number or as a string of digits.
    package var uint: UInt64? {
        switch self {
        case .number(let text), .string(let text): UInt64(text)
        default: nil
        }
    }

    /// A whole number with a sign.
    package var int: Int64? {
        switch self {
        case .number(let text), .string(let text): Int64(text)
        default: nil
        }
    }

    package var double: Double? {
        guard case .number(let text) = self, let value = Double(text), value.isFinite else { return nil }
        return value
    }
}
