import Testing

/// The mistakes that people make, with the very words and places that they read.
struct MistakeTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        let text: String
        let complaints: [String]

        init(_ text: String, _ complaints: String...) {
            self.text = text
            self.complaints = complaints.map { "node.yaml:" + $0 }
        }

        var testDescription: String { complaints.first ?? text }
    }

    static let keys = [
        Mistake("max_peer: 50", "1:1: unknown key 'max_peer'; the nearest known key is max_peers: write that, or remove this one"),
        Mistake(
            "p2p_port: 9000\n\nboot-strap_peers: []\n",
            "3:1: unknown key 'boot-strap_peers'; the nearest known key is bootstrap_peers: write that, or remove this one"),
        Mistake("Max_Peers: 50", "1:1: unknown key 'Max_Peers'; the nearest known key is max_peers: write that, or remove this one"),
        Mistake("lgo_level: info", "1:1: unknown key 'lgo_level'; the nearest known key is log_level: write that, or remove this one"),
        Mistake("p2p_port: 1\nmax_peers: 2\np2p_port: 3", "3:1: p2p_port stands on line 1 already; remove one of the two"),
        Mistake("? [a]\n: 1", "1:3: expected the name of a key, found a list; write one key a line, as in 'p2p_port: 9000'"),
    ]

    static let types = [
        Mistake("max_peers: many", "1:12: max_peers: expected a whole number of peers, found 'many'; write digits, 1 to 1000"),
        Mistake("max_peers: 5.5", "1:12: max_peers: expected a whole number of peers, found '5.5'; write digits, 1 to 1000"),
        Mistake("max_peers: \"50\"", "1:12: max_peers: expected a whole number of peers, found text in quotes; remove the quotes"),
        Mistake("max_peers: 050", "1:12: max_peers: '050' begins with a zero, which YAML may read as octal; remove the zero"),
        Mistake(
            "max_peers:",
            "1:11: max_peers: expected a whole number of peers, 1 to 1000, found nothing; write one such value, or remove the key to have its default"
        ),
        Mistake(
            "max_peers: [50]",
            "1:12: max_peers: expected a whole number of peers, 1 to 1000, found a list; write one such value, or remove the key to have its default"
        ),
        Mistake(
            "max_peers:\n  count: 50",
            "2:3: max_peers: expected a whole number of peers, 1 to 1000, found a mapping; write one such value, or remove the key to have its default"
        ),
        Mistake("api_enabled: yes", "1:14: api_enabled: 'yes' is neither true nor false; write one of these two words"),
        Mistake("api_enabled: 'true'", "1:14: api_enabled: expected true or false, found text in quotes; remove the quotes"),
        Mistake(
            "bootstrap_peers: a:1", "1:18: bootstrap_peers: expected a list, found 'a:1'; write it as [a, b], or one '- a' a line"),
        Mistake(
            "node_type: fool", "1:12: node_type: 'fool' is not one of full, producer; write full, which is the nearest, or another of them"),
        Mistake(
            "log_level: warn",
            "1:12: log_level: 'warn' is not one of trace, debug, info, notice, warning, error, critical; write warning, which is the nearest, or another of them"
        ),
        Mistake("address: '0X00'", "1:10: address: '0X00' is not an address; write 0x and 40 hexadecimal digits"),
        Mistake("data_dir: ''", "1:11: data_dir: expected a path, found an empty text; write one, or remove the key to have its default"),
        Mistake("data_dir: \"a\\0b\"", "1:11: data_dir: 'a\u{fffd}b' holds a control character; remove it"),
    ]

    static let ranges = [
        Mistake("max_peers: 0", "1:12: max_peers: 0 is out of range; write 1 to 1000"),
        Mistake("max_peers: -1", "1:12: max_peers: -1 is out of range; write 1 to 1000"),
        Mistake("p2p_port: 65536", "1:11: p2p_port: 65536 is out of range; write 0 to 65535"),
        Mistake("p2p_port: 99999999999999999999", "1:11: p2p_port: 99999999999999999999 is out of range; write 0 to 65535"),
        Mistake(
            "handshake_timeout: 5",
            "1:20: handshake_timeout: expected a duration, found '5'; write it with units from h to ms, as in 5s, 250ms or 1m30s"),
        Mistake(
            "handshake_timeout: 30s1m",
            "1:20: handshake_timeout: expected a duration, found '30s1m'; write it with units from h to ms, as in 5s, 250ms or 1m30s"),
        Mistake("handshake_timeout: 2m", "1:20: handshake_timeout: 2m is out of range; write 100ms to 1m"),
        Mistake("block_time: 1500ms", "1:13: block_time: 1500ms is out of range; write 1s to 1h in steps of 1s"),
        Mistake(
            "max_message_bytes: 5MB",
            "1:20: max_message_bytes: expected a size, found '5MB'; write bytes, or KiB, MiB or GiB as in 10MiB"),
        Mistake("max_message_bytes: 11MiB", "1:20: max_message_bytes: 11MiB is out of range; write 2MiB to 10MiB"),
        Mistake(
            "max_message_bytes: 99999999999GiB",
            "1:20: max_message_bytes: 99999999999GiB is out of range; write 2MiB to 10MiB"),
        Mistake(
            "bootstrap_peers: [\(Array(repeating: "\"a:1\"", count: 65).joined(separator: ","))]",
            "1:18: bootstrap_peers: a list of 65 entries is too long; leave at most 64 of them"),
    ]

    static let networks = [
        Mistake(
            "bootstrap_peers:\n  - \"192.168.1.10:9000\"\n  - \"192.168.1.11\"\n  - \"a:1\"\n  - \"b:0\"\n",
            "3:5: bootstrap_peers: '192.168.1.11' has no port; write host:port, as in 192.168.1.10:9000, node.example.org:9000 or [::1]:9000",
            "5:5: bootstrap_peers: '0' is not a port, which is 1 to 65535; write host:port, as in 192.168.1.10:9000, node.example.org:9000 or [::1]:9000"
        ),
        Mistake(
            "bootstrap_peers: [\"::1:9000\"]",
            "1:19: bootstrap_peers: '::1:9000' needs brackets around the IPv6 address; "
                + "write host:port, as in 192.168.1.10:9000, node.example.org:9000 or [::1]:9000"),
        Mistake(
            "external_address: \"0.0.0.0:9000\"",
            "1:19: external_address: 0.0.0.0 stands for every address and cannot be dialled; "
                + "write host:port, as in 192.168.1.10:9000, node.example.org:9000 or [::1]:9000"),
        Mistake(
            "p2p_bind_addr: localhost",
            "1:16: p2p_bind_addr: 'localhost' is not an IPv4 or IPv6 address; write one as 0.0.0.0 or ::1, without name, brackets or port"),
        Mistake(
            "ip_limit_exempt: [10.0.0.0/33]",
            "1:19: ip_limit_exempt: '10.0.0.0/33' is not a network; write an address and a length, as in 10.0.0.0/8 or 2001:db8::/32"),
        Mistake(
            "ip_limit_exempt: [10.1.2.3/8]",
            "1:19: ip_limit_exempt: 10.1.2.3/8 sets bits beyond its length; write 10.0.0.0/8 or a longer length"),
        Mistake(
            "api_cors_origins: [\"https://example.org/\"]",
            "1:20: api_cors_origins: 'https://example.org/' is not as browsers send it and would match none of them; "
                + "write https://example.org"),
    ]

    static let yaml = [
        Mistake("p2p_port: 9000\n\tmax_peers: 50", "2:1: a tab indents this line; write spaces, YAML takes nothing else there"),
        Mistake("bootstrap_peers:\n \t- \"a:1\"\n", "2:2: a tab indents this line; write spaces, YAML takes nothing else there"),
        Mistake(
            "p2p_port: 9000\n---\nmax_peers: 50",
            "2:1: a second document begins here, and one file is one configuration; remove what follows '---'"),
        Mistake("data_dir: &d ./data\ngenesis_path: *d", "1:11: anchors (&name) are not supported; write the value out where it is used"),
        Mistake("p2p_port: 1\ndata_dir: *d", "2:11: aliases (*name) are not supported; write the value out, or quote the '*'"),
        Mistake("p2p_port: !!int 9000", "1:11: tags (!name) are not supported; remove it, a value's type follows from its key"),
        Mistake("- a\n- b\n", "1:1: expected keys with values, found a list; write one key a line, as in 'p2p_port: 9000'"),
        Mistake("p2p_port:9000", "1:1: expected keys with values, found 'p2p_port:9000'; write one key a line, as in 'p2p_port: 9000'"),
        Mistake(
            "api_cors_origins: [*]",
            "1:20: not YAML: while scanning an alias, did not find expected alphabetic or numeric character; "
                + "put a value that begins with * or & in quotes"),
        Mistake(
            "data_dir: a: b",
            "1:12: not YAML: mapping values are not allowed in this context; put a value that holds ': ' in quotes, and indent keys alike"),
        Mistake(
            "data_dir: \"./data\np2p_port: 9000\n",
            "1:11: not YAML: while scanning a quoted scalar, found unexpected end of stream; close the quotes"),
    ]

    @Test(arguments: keys + types + ranges + networks + yaml) func aMistakeIsNamedWhereItStands(mistake: Mistake) {
        #expect(complaints(mistake.text) == mistake.complaints)
    }

    @Test func allMistakesAreCollectedInTheirOrder() {
        let text = """
            # a comment
            max_peers: 0
            bootstrap_peers: ["a:1", "b", "c:70000"]
            colour: red
            max_peers: 7
            block_time: soon
            p2p_port: [
            """
        let found = complaints(text, environment: ["PODORU_API_PORT": "x"])
        #expect(
            found.map { $0.prefix { $0 != " " } } == [
                "node.yaml:2:12:", "node.yaml:3:26:", "node.yaml:3:31:", "node.yaml:4:1:", "node.yaml:5:1:", "node.yaml:6:13:",
                "node.yaml:8:1:",
                "PODORU_API_PORT:",
            ])
    }

    @Test func mistakesBeforeBrokenYAMLAreNamedToo() {
        let found = complaints("max_peers: 0\nlog_level: info\n\tp2p_port: 1\nnode_type: producer\n")
        #expect(
            found == [
                "node.yaml:1:12: max_peers: 0 is out of range; write 1 to 1000",
                "node.yaml:3:1: a tab indents this line; write spaces, YAML takes nothing else there",
            ])
    }

    @Test func aTabThatYAMLAllowsIsNotBlamed() {
        let text = "bootstrap_peers: [\n\t\"a:1\",\n\t\"b\"]\nmax_peers:\t7 # a\tcomment\n"
        #expect(complaints(text).map { $0.prefix(14) } == ["node.yaml:3:2:"])
    }

    @Test func columnsCountCharactersAndNotBytes() {
        #expect(complaints("{\"däta_dïr\": 1, max_peers: 0}").last == "node.yaml:1:28: max_peers: 0 is out of range; write 1 to 1000")
    }

    @Test func brokenUTF8IsNamedWhereItStands() {
        let text = Array("p2p_port: 9000\ndata_dir: \"ä".utf8) + [0xff] + Array("\"\n".utf8)
        #expect(complaintsOf(text) == ["node.yaml:2:13: not YAML: invalid leading UTF-8 octet; save the file as UTF-8"])
    }

    @Test func keysThatContradictEachOtherAreNamed() {
        #expect(
            complaints("p2p_port: 1\nnode_type: producer\n") == [
                "node.yaml:2:1: node_type is producer, but private_key is not set; name the key file that 'podoru keygen' wrote"
            ])
        #expect(complaints("api_port: 9000") == ["node.yaml:1:1: api_port and p2p_port are both 9000; give them different ports"])
        #expect(
            complaints("node_type: full\np2p_port: 8545\n") == [
                "node.yaml:2:1: api_port and p2p_port are both 8545; give them different ports"
            ])
        #expect(complaints("api_port: 9000\napi_enabled: false") == [])
        #expect(complaints("api_port: 0\np2p_port: 0") == [])
    }
}
