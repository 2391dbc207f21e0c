import Foundation
import TestKit

/// A JSON value, read by Foundation, which is independent of the code under test.
enum JSON: Hashable, Sendable, Decodable, CustomStringConvertible {
    case null
    case bool(Bool)
    case number(Decimal)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Decimal.self) {
            self = .number(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    init(_ bytes: some Sequence<UInt8>) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(bytes))
    }

    subscript(key: String) -> JSON? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    subscript(index: Int) -> JSON? {
        if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { nil }
    }

    var string: String? { if case .string(let value) = self { value } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var int: Int? { if case .number(let value) = self { Int("\(value)") } else { nil } }
    var double: Double? { if case .number(let value) = self { Double("\(value)") } else { nil } }
    var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    var keys: Set<String> { if case .object(let members) = self { Set(members.keys) } else { [] } }

    /// The paths at which `self` lacks something of `wanted` or has something else; members beside those of `wanted` are no difference.
    func differences(from wanted: JSON, at path: String = "") -> [String] {
        func member(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        switch (self, wanted) {
        case (.object(let mine), .object(let theirs)):
            return theirs.keys.sorted().flatMap { key -> [String] in
                guard let value = mine[key], let other = theirs[key] else { return [member(key)] }
                return value.differences(from: other, at: member(key))
            }
        case (.array(let mine), .array(let theirs)) where mine.count == theirs.count:
            return zip(mine, theirs).enumerated().flatMap { index, pair in pair.0.differences(from: pair.1, at: "\(path)[\(index)]") }
        default:
            return self == wanted ? [] : [path]
        }
    }

    var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): "\"\(value)\""
        case .array(let values): "[" + values.map(\.description).joined(separator: ",") + "]"
        case .object(let members): "{" + members.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",") + "}"
        }
    }
}

extension HTTPAnswer {
    /// The whole body as JSON.
    var value: JSON {
        get throws { try JSON(body) }
    }

    /// What stands under `data` in the envelope of a success.
    var payload: JSON {
        get throws {
            let value = try value
            guard value["success"] == .bool(true), let data = value["data"] else { throw TestFailure("not a success: \(status) \(text)") }
            return data
        }
    }
}
