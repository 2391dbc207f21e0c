import Foundation
import TestKit

/// A unit file, read as systemd reads it: the last assignment counts, lists add up, an empty one starts anew.
struct ServiceUnit {
    private var assignments: [(key: String, value: String)] = []

    init(_ text: String) {
        var section = ""
        for line in text.split(separator: "\n").map({ $0.trimmingCharacters(in: .whitespaces) }) where !line.hasPrefix("#") {
            if line.hasPrefix("[") {
                section = line
            } else if section == "[Service]", let equals = line.firstIndex(of: "=") {
                assignments.append((String(line[..<equals]), String(line[line.index(after: equals)...])))
            }
        }
    }

    /// The value of a key that stands once.
    subscript(key: String) -> String? { assignments.last { $0.key == key }?.value }

    /// The words of a key that may stand several times.
    func list(_ key: String) -> [[String]] {
        assignments.filter { $0.key == key }.map { $0.value.split(separator: " ").map(String.init) }
    }

    /// The words of ExecStart. Only what needs no reading by systemd is taken: no prefix, quotes, variables or specifiers.
    var command: [String]? {
        guard let line = self["ExecStart"], line.hasPrefix("/"), !line.contains(where: { "%$\"'\\;".contains($0) }) else { return nil }
        return line.split(separator: " ").map(String.init)
    }

    /// The system calls that the unit lets through, as `systemd-analyze` spells the groups out.
    func allowedSystemCalls() throws -> Set<String> {
        var allowed: Set<String> = []
        for words in list("SystemCallFilter") {
            guard let first = words.first else { continue }
            let isDenied = first.hasPrefix("~")
            for word in [String(first.drop { $0 == "~" })] + words.dropFirst() {
                let names = word.hasPrefix("@") ? try ServiceUnit.members(word) : [word]
                if isDenied { allowed.subtract(names) } else { allowed.formUnion(names) }
            }
        }
        return allowed
    }

    private static func members(_ group: String) throws -> Set<String> {
        let lines = try Shell.run("systemd-analyze syscall-filter \(group)").output.split(separator: "\n").dropFirst()
        var names: Set<String> = []
        for name in lines.map({ $0.trimmingCharacters(in: .whitespaces) }) where !name.isEmpty && !name.hasPrefix("#") {
            if name.hasPrefix("@") { names.formUnion(try members(name)) } else { names.insert(name) }
        }
        return names
    }
}
