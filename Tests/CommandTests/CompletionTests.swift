import Foundation
import TestKit
import Testing

/// The completion scripts, asked as a shell asks them.
@Suite struct CompletionTests {
    private static func has(_ shell: String) -> Bool {
        ["/usr/bin/", "/bin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + shell) }
    }

    /// A folder with one of each.
    private func folder() throws -> CommandLineTool {
        let tool = try CommandLineTool()
        try FileManager.default.createDirectory(atPath: tool.folder.path + "/store", withIntermediateDirectories: false)
        for name in ["node.yaml", "node.key", "genesis.json", "blocks.gz"] { try tool.write(name, "") }
        for shell in ["bash", "fish"] {
            let script = try tool.run("--generate-completion-script", shell)
            #expect(script.code == 0)
            try FileManager.default.createDirectory(atPath: tool.folder.path + "/store/scripts", withIntermediateDirectories: true)
            try tool.write("store/scripts/\(shell)", script.output)
        }
        return tool
    }

    private func ask(_ shell: String, _ script: String, _ words: [String], in tool: CommandLineTool) throws -> Set<String> {
        let command = [shell] + (shell == "bash" ? ["-c", script, "bash"] + words : ["--no-config", "-c", script])
        let text = try TestProcess.run(
            ["/usr/bin/env"] + command, in: tool.folder, environment: ["HOME": tool.folder.path + "/store", "TERM": "dumb"]
        ).output
        return Set(text.split(separator: "\n").map(String.init))
    }

    /// What is typed, what must be offered, and what must not.
    private static let questions: [([String], Set<String>, Set<String>)] = [
        (["run", "--config", ""], ["node.yaml"], ["node.key", "genesis.json"]),
        (["check-config", ""], ["node.yaml"], ["node.key"]), (["status", "--config", ""], ["node.yaml"], ["node.key"]),
        (["doctor", "--config", ""], ["node.yaml"], ["node.key"]), (["admin", "bans", "--config", ""], ["node.yaml"], ["node.key"]),
        (["export", "--data-dir", ""], ["store"], ["node.yaml"]), (["import", "--data-dir", ""], ["store"], ["node.yaml"]),
        (["verify", "--data-dir", ""], ["store"], ["node.yaml"]), (["backup", "--data-dir", "store", ""], ["store"], ["node.yaml"]),
        (["devnet", "--dir", ""], ["store"], ["node.yaml"]), (["export", "--data-dir", "store", ""], ["blocks.gz"], []),
        (["import", "--data-dir", "store", ""], ["blocks.gz"], []), (["import", "--genesis", ""], ["genesis.json"], ["node.key"]),
        (["inspect", ""], ["tx", "block"], ["node.key"]), (["inspect", "tx", ""], ["genesis.json", "blocks.gz"], []),
        (["inspect", "--genesis", ""], ["genesis.json"], ["node.key"]), (["genesis", "--authority", ""], ["node.key"], []),
        (["genesis", "--output", ""], ["genesis.json"], []), (["keygen", "--output", ""], ["node.key"], []),
        (["address", ""], ["node.key"], []), (["tx", "set", "--key-file", ""], ["node.key"], []),
        (["admin", "log-level", ""], ["debug", "info", "warning", "critical"], ["node.key"]), (["get", "block", ""], ["latest"], []),
        (["get", ""], ["state", "block", "tx", "balance"], ["node.key"]),
    ]

    @Test(.enabled(if: has("bash"), "bash is not installed: its completions are not tried"))
    func bashOffersFilesFoldersAndValues() throws {
        let tool = try folder()
        let script = """
            source store/scripts/bash
            COMP_WORDS=(podoru "$@"); COMP_CWORD=$#; COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}
            _podoru podoru "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        for (words, offered, not) in Self.questions {
            let answers = try ask("bash", script, words, in: tool)
            #expect(answers.isSuperset(of: offered) && answers.isDisjoint(with: not), "\(words): \(answers.sorted())")
        }
    }

    @Test(.enabled(if: has("fish"), "fish is not installed: its completions are not tried"))
    func fishOffersFilesFoldersAndValues() throws {
        let tool = try folder()
        for (words, offered, _) in Self.questions {
            let line = (["podoru"] + words).joined(separator: " ")
            let answers = try ask("fish", "source store/scripts/fish; complete --do-complete '\(line)'", [], in: tool)
            // A description stands behind a tab, and a slash behind a folder.
            let names = Set(answers.map { String($0.prefix { $0 != "\t" }) }.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 })
            #expect(names.isSuperset(of: offered), "\(words): \(names.sorted())")
        }
    }
}
