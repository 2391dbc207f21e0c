// The mistakes that people make in a configuration: the text, where the complaint points, its reason, its remedy.

private let orItsDefault = "write one such value, or remove the key to have its default"
private let endpoint = "write host:port, as in 192.168.1.10:9000, node.example.org:9000 or [::1]:9000"
private let origin = "write \"*\", or scheme and host as browsers send them, as in https://example.org or http://localhost:3000"
private let keyLine = "write one key a line, as in 'p2p_port: 9000'"
private let units = "write it with units from h to ms, as in 5s, 250ms or 1m30s"
private let otherFile = "check the path: this may be another file"

private func nearest(_ key: String) -> String { "the nearest known key is \(key): write that, or remove this one" }

extension Mistake {
    static let keys = [
        Mistake("max_peer: 50", "1:1", "unknown key 'max_peer'", nearest("max_peers")),
        Mistake("p2p_port: 9000\n\nboot-strap_peers: []\n", "3:1", "unknown key 'boot-strap_peers'", nearest("bootstrap_peers")),
        Mistake("Max_Peers: 50", "1:1", "unknown key 'Max_Peers'", nearest("max_peers")),
        Mistake("lgo_level: info", "1:1", "unknown key 'lgo_level'", nearest("log_level")),
        Mistake("p2p_prot: 9000", "1:1", "unknown key 'p2p_prot'", nearest("p2p_port")),
        Mistake("genesis: g.json", "1:1", "unknown key 'genesis'", nearest("genesis_path")),
        Mistake("# a comment\n  blocktime: 5s", "2:3", "unknown key 'blocktime'", nearest("block_time")),
        Mistake("p2p_port: 1\nmax_peers: 2\np2p_port: 3", "3:1", "p2p_port stands on line 1 already", "remove one of the two"),
        Mistake("? [a]\n: 1", "1:3", "expected the name of a key, found a list", keyLine),
    ]

    static let types = [
        Mistake("max_peers: many", "1:12", "max_peers: expected a whole number of peers, found 'many'", "write digits, 1 to 1000"),
        Mistake("max_peers: 5.5", "1:12", "max_peers: expected a whole number of peers, found '5.5'", "write digits, 1 to 1000"),
        Mistake("max_peers: 0x10", "1:12", "max_peers: expected a whole number of peers, found '0x10'", "write digits, 1 to 1000"),
        Mistake("api_port: http", "1:11", "api_port: expected a whole number, found 'http'", "write digits, 0 to 65535"),
        Mistake("max_peers: \"50\"", "1:12", "max_peers: expected a whole number of peers, found text in quotes", "remove the quotes"),
        Mistake("max_peers: 050", "1:12", "max_peers: '050' begins with a zero, which YAML may read as octal", "remove the zero"),
        Mistake("max_peers:", "1:11", "max_peers: expected a whole number of peers, 1 to 1000, found nothing", orItsDefault),
        Mistake("max_peers: [50]", "1:12", "max_peers: expected a whole number of peers, 1 to 1000, found a list", orItsDefault),
        Mistake("max_peers:\n  count: 50", "2:3", "max_peers: expected a whole number of peers, 1 to 1000, found a mapping", orItsDefault),
        Mistake("p2p_port: 9000 # ok\nchain_id: [a]\n", "2:11", "chain_id: expected text of at most 128 bytes, found a list", orItsDefault),
        Mistake("api_enabled: yes", "1:14", "api_enabled: 'yes' is neither true nor false", "write one of these two words"),
        Mistake("metrics_enabled: 1", "1:18", "metrics_enabled: '1' is neither true nor false", "write one of these two words"),
        Mistake("api_enabled: 'true'", "1:14", "api_enabled: expected true or false, found text in quotes", "remove the quotes"),
        Mistake("bootstrap_peers: a:1", "1:18", "bootstrap_peers: expected a list, found 'a:1'", "write it as [a, b], or one '- a' a line"),
        Mistake(
            "node_type: fool", "1:12", "node_type: 'fool' is not one of full, producer",
            "write full, which is the nearest, or another of them"),
        Mistake(
            "log_level: warn", "1:12", "log_level: 'warn' is not one of trace, debug, info, notice, warning, error, critical",
            "write warning, which is the nearest, or another of them"),
        Mistake(
            "log_format: jsno", "1:13", "log_format: 'jsno' is not one of text, json",
            "write json, which is the nearest, or another of them"),
        Mistake("address: '0X00'", "1:10", "address: '0X00' is not an address", "write 0x and 40 hexadecimal digits"),
        Mistake("authorities:\n- '0x12'\n", "2:3", "authorities: '0x12' is not an address", "write 0x and 40 hexadecimal digits"),
        Mistake(
            "data_dir: ''", "1:11", "data_dir: expected a path, found an empty text", "write one, or remove the key to have its default"),
        Mistake(
            "data_dir: ~/x", "1:11", "data_dir: '~/x' begins with ~, which only a shell expands",
            "write the path from / on, or ./~/x for what really has that name"),
        Mistake("data_dir: \"a\\0b\"", "1:11", "data_dir: 'a\u{fffd}b' holds a control character", "remove it"),
        Mistake("private_key: [a.key]", "1:14", "private_key: expected a path of at most 4095 bytes, found a list", orItsDefault),
    ]

    static let ranges = [
        Mistake("max_peers: 0", "1:12", "max_peers: 0 is out of range", "write 1 to 1000"),
        Mistake("max_peers: -1", "1:12", "max_peers: -1 is out of range", "write 1 to 1000"),
        Mistake("p2p_port: 65536", "1:11", "p2p_port: 65536 is out of range", "write 0 to 65535"),
        Mistake("p2p_port: 99999999999999999999", "1:11", "p2p_port: 99999999999999999999 is out of range", "write 0 to 65535"),
        Mistake("sync_batch_size: 101", "1:18", "sync_batch_size: 101 is out of range", "write 1 to 100"),
        Mistake("handshake_timeout: 5", "1:20", "handshake_timeout: expected a duration, found '5'", units),
        Mistake("handshake_timeout: 30s1m", "1:20", "handshake_timeout: expected a duration, found '30s1m'", units),
        Mistake("block_time: soon", "1:13", "block_time: expected a duration, found 'soon'", units),
        Mistake("handshake_timeout: 2m", "1:20", "handshake_timeout: 2m is out of range", "write 100ms to 1m"),
        Mistake("idle_timeout: 1m", "1:15", "idle_timeout: 1m is out of range", "write 1s to 30s"),
        Mistake("block_time: 1500ms", "1:13", "block_time: 1500ms is out of range", "write 1s to 1h in steps of 1s"),
        Mistake(
            "max_message_bytes: 5MB", "1:20", "max_message_bytes: expected a size, found '5MB'",
            "write bytes, or KiB, MiB or GiB as in 10MiB"),
        Mistake("max_message_bytes: 11MiB", "1:20", "max_message_bytes: 11MiB is out of range", "write 2MiB to 10MiB"),
        Mistake("max_message_bytes: 99999999999GiB", "1:20", "max_message_bytes: 99999999999GiB is out of range", "write 2MiB to 10MiB"),
        Mistake(
            "bootstrap_peers: [\(Array(repeating: "\"a:1\"", count: 65).joined(separator: ","))]", "1:18",
            "bootstrap_peers: a list of 65 entries is too long", "leave at most 64 of them"),
        Mistake(
            "chain_id: \(String(repeating: "x", count: 129))", "1:11", "chain_id: 129 bytes are too long", "write at most 128"),
        Mistake(
            "api_admin_socket: /\(String(repeating: "s", count: 107))", "1:19", "api_admin_socket: 108 bytes are too long",
            "write at most 107"),
    ]

    static let networks = [
        Mistake("bootstrap_peers:\n  - \"192.168.1.11\"\n", "2:5", "bootstrap_peers: '192.168.1.11' has no port", endpoint),
        Mistake(
            "bootstrap_peers: [\"http://10.0.0.1:9000\"]", "1:19",
            "bootstrap_peers: 'http://10.0.0.1:9000' is more than a host and a port", "leave out http://: write 10.0.0.1:9000"),
        Mistake("bootstrap_peers: [\"b:0\"]", "1:19", "bootstrap_peers: '0' is not a port, which is 1 to 65535", endpoint),
        Mistake("bootstrap_peers: [\"a b:9000\"]", "1:19", "bootstrap_peers: 'a b' is not an address or a host name", endpoint),
        Mistake("bootstrap_peers: [\"256.1.1.1:9000\"]", "1:19", "bootstrap_peers: '256.1.1.1' is not an address or a host name", endpoint),
        Mistake("bootstrap_peers: [\"::1:9000\"]", "1:19", "bootstrap_peers: '::1:9000' needs brackets around the IPv6 address", endpoint),
        Mistake("private_peers: [\"[fe80::x]:1\"]", "1:17", "private_peers: 'fe80::x' is not an IPv6 address", endpoint),
        Mistake(
            "external_address: \"0.0.0.0:9000\"", "1:19", "external_address: 0.0.0.0 stands for every address and cannot be dialled",
            endpoint),
        Mistake(
            "p2p_bind_addr: localhost", "1:16", "p2p_bind_addr: 'localhost' is not an IPv4 or IPv6 address",
            "write one as 0.0.0.0 or ::1, without name, brackets or port"),
        Mistake(
            "ip_limit_exempt: [10.0.0.0/33]", "1:19", "ip_limit_exempt: '10.0.0.0/33' is not a network",
            "write an address and a length, as in 10.0.0.0/8 or 2001:db8::/32"),
        Mistake(
            "ip_limit_exempt: [10.1.2.3/8]", "1:19", "ip_limit_exempt: 10.1.2.3/8 sets bits beyond its length",
            "write 10.0.0.0/8 or a longer length"),
        Mistake(
            "api_cors_origins: [\"https://example.org/\"]", "1:20",
            "api_cors_origins: 'https://example.org/' is not as browsers send it and would match none of them", "write https://example.org"),
        Mistake("api_cors_origins: [example.org]", "1:20", "api_cors_origins: 'example.org' is not an origin", origin),
    ]

    static let yaml = [
        Mistake("p2p_port: 9000\n\tmax_peers: 50", "2:1", "a tab indents this line", "write spaces, YAML takes nothing else there"),
        Mistake("bootstrap_peers:\n \t- \"a:1\"\n", "2:2", "a tab indents this line", "write spaces, YAML takes nothing else there"),
        Mistake(
            "p2p_port: 9000\n---\nmax_peers: 50", "2:1", "a second document begins here, and one file is one configuration",
            "remove what follows '---'"),
        Mistake(
            "data_dir: &d ./data\ngenesis_path: *d", "1:11", "anchors (&name) are not supported", "write the value out where it is used"),
        Mistake(
            "p2p_port: 1\ndata_dir: *d", "2:11", "aliases (*name) are not supported", "write the value out, or quote the '*'"),
        Mistake("p2p_port: !!int 9000", "1:11", "tags (!name) are not supported", "remove it, a value's type follows from its key"),
        Mistake("- a\n- b\n", "1:1", "expected keys with values, found a list", keyLine),
        Mistake("p2p_port:9000", "1:1", "expected keys with values, found 'p2p_port:9000'", keyLine),
        Mistake(
            "api_cors_origins: [*]", "1:20", "not YAML: while scanning an alias, did not find expected alphabetic or numeric character",
            "put a value that begins with * or & in quotes"),
        Mistake(
            "data_dir: a: b", "1:12", "not YAML: mapping values are not allowed in this context",
            "put a value that holds ': ' in quotes, and indent keys alike"),
        Mistake(
            "data_dir: \"./data\np2p_port: 9000\n", "1:11", "not YAML: while scanning a quoted scalar, found unexpected end of stream",
            "close the quotes"),
        Mistake(
            "data_dir: @home", "1:11", "not YAML: while scanning for the next token, found character that cannot start any token",
            "put a value that begins with @, ` or % in quotes"),
        Mistake(
            "data_dir: " + String(repeating: "[", count: 20), "1:19", "nested deeper than 8",
            "write one value, or a list of plain values, after a key"),
        Mistake(
            String(repeating: "# huge\n", count: 150_000), "1:1", "the file has more than 1048576 bytes, as no configuration has", otherFile
        ),
    ]

    static let acrossKeys = [
        Mistake(
            "p2p_port: 1\nnode_type: producer\n", "2:1", "node_type is producer, but private_key is not set",
            "name the key file that 'podoru keygen' wrote"),
        Mistake("api_port: 9000", "1:1", "api_port and p2p_port are both 9000", "give them different ports"),
        Mistake("\np2p_port: 8545", "2:1", "api_port and p2p_port are both 8545", "give them different ports"),
    ]

    static let variables = [
        Mistake(
            variable: "PODORU_MAX_PEERS", "lots", "expected a whole number of peers, found 'lots'", "write digits, 1 to 1000"),
        Mistake(variable: "PODORU_BLOCK_TIME", "0s", "0s is out of range", "write 1s to 1h in steps of 1s"),
        Mistake(variable: "PODORU_BOOTSTRAP_PEERS", "a:1,b", "'b' has no port", endpoint),
        Mistake(variable: "PODORU_API_PORT", "null", "expected a whole number, 0 to 65535, found nothing", orItsDefault),
        Mistake(
            variable: "PODORU_PEERS", "5", "no key belongs to this variable",
            "the nearest known one is PODORU_MAX_PEERS: set that, or unset this one"),
        Mistake(
            variable: "PODORU_MAX_PEER", "8", "no key belongs to this variable",
            "the nearest known one is PODORU_MAX_PEERS: set that, or unset this one"),
        Mistake(
            variable: "PODORU_NODE_TYPE", "producer", "node_type is producer, but private_key is not set",
            "name the key file that 'podoru keygen' wrote"),
        Mistake(variable: "PODORU_API_PORT", "9000", "api_port and p2p_port are both 9000", "give them different ports"),
    ]

    /// Told in the order of the lines, those of the environment last.
    static let several = [
        Mistake(
            "# a comment\nmax_peers: 0\nbootstrap_peers: [\"a:1\", \"b\"]\nlog_levl: info\nmax_peers: 7\nblock_time: soon\n",
            [
                Complaint(place: "node.yaml:2:12", reason: "max_peers: 0 is out of range", remedy: "write 1 to 1000"),
                Complaint(place: "node.yaml:3:26", reason: "bootstrap_peers: 'b' has no port", remedy: endpoint),
                Complaint(place: "node.yaml:4:1", reason: "unknown key 'log_levl'", remedy: nearest("log_level")),
                Complaint(place: "node.yaml:5:1", reason: "max_peers stands on line 2 already", remedy: "remove one of the two"),
                Complaint(place: "node.yaml:6:13", reason: "block_time: expected a duration, found 'soon'", remedy: units),
                Complaint(place: "PODORU_API_PORT", reason: "expected a whole number, found 'x'", remedy: "write digits, 0 to 65535"),
            ], environment: ["PODORU_API_PORT": "x"]),
        Mistake(
            "max_peers: 0\nlog_level: info\n\tp2p_port: 1\n",
            [
                Complaint(place: "node.yaml:1:12", reason: "max_peers: 0 is out of range", remedy: "write 1 to 1000"),
                Complaint(place: "node.yaml:3:1", reason: "a tab indents this line", remedy: "write spaces, YAML takes nothing else there"),
            ]),
        Mistake(
            "api_port: 9000\nnode_type: producer\n",
            [
                Complaint(place: "node.yaml:1:1", reason: "api_port and p2p_port are both 9000", remedy: "give them different ports"),
                Complaint(
                    place: "node.yaml:2:1", reason: "node_type is producer, but private_key is not set",
                    remedy: "name the key file that 'podoru keygen' wrote"),
            ]),
    ]

    static let all = keys + types + ranges + networks + yaml + acrossKeys + variables + several
}
