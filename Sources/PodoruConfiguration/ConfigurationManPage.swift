/// The manual of the configuration file as a man page, podoru.yaml(5). `deploy/man/podoru.yaml.5` is this text; a test compares
/// the two.
public enum ConfigurationManPage {
    /// The page in the language of man(7).
    public static var text: String {
        var page = """
            .TH PODORU.YAML 5 "" "Podoru" "File formats"
            .SH NAME
            podoru.yaml \\- configuration of a Podoru node
            .SH SYNOPSIS
            .I /etc/podoru/node.yaml
            .SH DESCRIPTION
            A YAML file with one key a line. A key that is left out has its default. A key that is not known, one that is there
            twice, a wrong type and a value out of range are errors, which
            .BR podoru (1)
            names with file, line and column:
            .PP
            .RS
            .B podoru check\\-config /etc/podoru/node.yaml
            .RE
            .PP
            Each key can be overridden by an environment variable: PODORU_ and the key in capitals, a list with commas, as in
            PODORU_MAX_PEERS=80.
            An empty variable counts as not set, a PODORU_ variable of no key is an error, and what Kubernetes or Docker set for a
            service named podoru (PODORU_P2P_PORT=tcp://...) is left alone.
            .PP
            After SIGHUP
            .RB ( "systemctl reload podoru" )
            the node reads the file again. The keys marked \\(lqat run time\\(rq take effect then, all or none; the others at the
            next start.
            .PP
            Durations are written 5s, 250ms or 1m30s, sizes in bytes or as 10MiB. Relative paths begin at the working directory;
            ~ and $NAME are not expanded.
            No value may hold more than 40 hexadecimal digits in a row, as a private key has: it stands in a file of its own.
            .B null
            means \\(lqnot set\\(rq.

            """
        for section in ConfigurationKey.Section.allCases {
            page += ".SH \(section.rawValue.uppercased())\n"
            for key in ConfigurationKey.all where key.section == section { page += entry(key) }
        }
        page += """
            .SH FILES
            .TP
            .I /etc/podoru/node.yaml
            the configuration of the service
            .TP
            .I /var/lib/podoru
            its data
            .SH SEE ALSO
            .BR podoru (1)

            """
        return page
    }

    private static func entry(_ key: ConfigurationKey) -> String {
        var text = ".TP\n.BR \(escaped(key.name)) \" (default \(escaped(key.defaultText, inQuotes: true)))\"\n"
        text += key.help.split(separator: "\n").map { escaped(String($0)) + "\n" }.joined()
        text += ".br\n\(escaped("Type: \(key.typeText)."))"
        return text + (key.reload == .atRunTime ? " Changes at run time.\n" : "\n")
    }

    /// `text` with what man(7) would take for its own made plain.
    private static func escaped(_ text: String, inQuotes: Bool = false) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "\"" where inQuotes: result += "\"\""
            default: result.append(character)
            }
        }
        return result.hasPrefix(".") || result.hasPrefix("'") ? "\\&" + result : result
    }
}
