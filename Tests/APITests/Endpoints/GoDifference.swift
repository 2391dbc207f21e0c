/// A request that this node answers otherwise than the published Go node did.
struct GoDifference: Sendable {
    /// The row of `api-go.json`.
    var name: String
    /// `its status → ours`, or the places in the body that differ.
    var what: String
    var why: String

    init(_ name: String, _ what: String, _ why: String) {
        self.name = name
        self.what = what
        self.why = why
    }

    /// Its line in docs/api.md.
    var row: String { "| `\(name)` | \(what) | \(why) |" }

    /// Exactly those that there are, in the order of the file.
    static let all: [GoDifference] = [
        GoDifference("block empty", "405 → 404", unknownPath),
        GoDifference("block no arg", "405 → 404", unknownPath),
        GoDifference(
            "block latest (shadowed by {hash})", "400 → 200",
            "`latest` works; the Go node takes it for a hash."),
        GoDifference("block/height/ empty", "405 → 404", unknownPath),
        GoDifference("block by height 6 (empty block)", "`data.transactions`", emptyBlock),
        GoDifference(
            "state with %2F", "405 → 404",
            "`%2F` is part of the key, which is not there; the Go node sees two segments."),
        GoDifference("state with slash", "405 → 404", unknownPath),
        GoDifference("state empty key", "405 → 404", unknownPath),
        GoDifference(
            "state double slash", "301 → 404",
            "Paths are taken as they are, without a redirect."),
        GoDifference(
            "state dotdot", "301 → 404",
            "Paths are taken as they are, without a redirect."),
        GoDifference(
            "batch trailing data", "200 → 400",
            "Nothing may follow the JSON of a body; the Go node does not look."),
        GoDifference(
            "node info", "`data.address`, `data.peers`",
            "`address` is the node's own, and `peers` is the array that `node/peers` has; the number is `peer_count`."),
        GoDifference(
            "node peers (one inbound)", "`data[0].address`, `data[0].id`",
            "`address` is where the peer listens and `id` its node id; the Go node knows only the remote port. (The ports differ by themselves.)"
        ),
        GoDifference(
            "node info with peer", "`data.address`, `data.peers`",
            "`address` is the node's own, and `peers` is the array that `node/peers` has; the number is `peer_count`."),
        GoDifference(
            "health", "`data.status`",
            "The newest block of this chain is years old, so the node is `degraded`. The Go node always says `healthy`."),
        GoDifference("health trailing slash", "405 → 404", unknownPath),
        GoDifference(
            "tx submit bare tx (no envelope)", "`error`",
            "A bare transaction is read; this one is in block 5 already."),
        GoDifference(
            "tx submit no id", "`error`",
            "The id may be left out; this transaction is in block 5 already."),
        GoDifference(
            "tx submit ops null entry (handler panics)", "no answer → 400",
            "The Go node drops the connection."),
        GoDifference(
            "tx submit replay of mined tx (accepted: no nonce check)", "200 → 400",
            "The transaction is in block 5 already, which the Go node does not notice."),
        GoDifference(
            "tx submit duplicate in mempool", "`error`",
            "It did not get into the mempool before, because it is in block 5 already."),
        GoDifference(
            "mempool one", "`data.count`, `data.transactions`",
            "The transaction in question is in block 5 and not in the mempool."),
        GoDifference(
            "tx submit same tx with different id (accepted)", "200 → 400",
            "An id that is given must be the hash."),
        GoDifference(
            "tx submit odd key", "200 → 400",
            "The transaction is in block 30 already, which the Go node does not notice."),
        GoDifference("tx submit vector: transfer", "200 → 400", usedNonce),
        GoDifference("tx submit vector: set binary value", "200 → 400", usedNonce),
        GoDifference("tx submit vector: html chars in key", "200 → 400", usedNonce),
        GoDifference("tx submit vector: from lower case", "200 → 400", usedNonce),
        GoDifference(
            "tx submit insufficient transfer", "`error`",
            "The nonce is used already, which is found before the balance is looked at."),
        GoDifference(
            "tx submit 2 MiB body", "400 → 413",
            "A body of more than 2 MiB is not read."),
        GoDifference("OPTIONS /chain/info", "200 → 204", preflight),
        GoDifference("OPTIONS /transaction", "200 → 204", preflight),
        GoDifference("OPTIONS /nope", "200 → 204", preflight),
        GoDifference("OPTIONS /state/x", "200 → 204", preflight),
        GoDifference("OPTIONS outside api", "200 → 204", preflight),
        GoDifference("404", "405 → 404", unknownPath),
        GoDifference("root", "405 → 404", unknownPath),
        GoDifference(
            "HEAD chain info", "405 → 200",
            "HEAD is answered as GET, without the body."),
        GoDifference(
            "ws without upgrade", "400 → 426",
            "The status that names the header which is missing."),
        GoDifference("MIN genesis block (transactions null)", "`data.transactions`", emptyBlock),
        GoDifference(
            "MIN gas estimate (nil deref => connection dropped)", "no answer → 200",
            "Without a gas configuration everything costs nothing. The Go node drops the connection."),
        GoDifference("WSN submit 2", "200 → 400", usedNonce),
        GoDifference("WSN submit 3", "200 → 400", usedNonce),
        GoDifference("WSN submit burst set two bytes", "200 → 400", usedNonce),
        GoDifference("WSN submit burst set three bytes", "200 → 400", usedNonce),
        GoDifference("WSN submit burst delete", "200 → 400", usedNonce),
        GoDifference("WSN submit burst slash", "200 → 400", usedNonce),
        GoDifference("WSN submit burst quotes and backslash", "200 → 400", usedNonce),
    ]

    private static let emptyBlock =
        "`[]` where the Go node has `null`: the explorer's page of blocks takes the length."
    private static let unknownPath =
        "No endpoint has this path; the Go node's router answers 405 to every path that it does not know."
    private static let usedNonce =
        "The sender has used this nonce in a block or has it pending. The Go node does not look at nonces."
    private static let preflight =
        "An answer without a body; browsers take both."
}
