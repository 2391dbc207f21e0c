/// The configuration file that is its own manual: every key with its description, type and default.
/// `deploy/config/node.yaml` is this text; a test compares the two.
public enum ConfigurationManual {
    /// The file, for 120 columns.
    public static var yaml: String {
        var text = """
            # Podoru node: every key with its default. A key that is left out has this default too.
            #
            # `podoru check-config FILE` names every mistake with its line. Each key can be overridden by an environment
            # variable: PODORU_ and the key in capitals, a list with commas (PODORU_MAX_PEERS=80); an empty one counts as
            # not set. After SIGHUP the node reads the file again; the keys marked "at run time" then take effect, the
            # others at the next start. Durations are written 5s, 250ms or 1m30s, sizes in bytes or as 10MiB. Relative
            # paths begin at the working directory; ~ and $NAME are not expanded. `null` means "not set". No value may
            # hold what could be a private key (more than 40 hexadecimal digits in a row): a key has a file of its own.

            """
        for section in ConfigurationKey.Section.allCases {
            let title = "# --- \(section.rawValue) "
            text += "\n" + title + String(repeating: "-", count: 119 - title.count) + "\n"
            for key in ConfigurationKey.all where key.section == section { text += "\n" + entry(key) }
        }
        return text
    }

    private static func entry(_ key: ConfigurationKey) -> String {
        let comment = key.help.split(separator: "\n", omittingEmptySubsequences: false)
        let type = "Type: \(key.typeText)." + (key.reload == .atRunTime ? " Changes at run time." : "")
        return comment.map { "# \($0)\n" }.joined() + "# \(type)\n" + "\(key.name): \(key.defaultText)\n"
    }
}
