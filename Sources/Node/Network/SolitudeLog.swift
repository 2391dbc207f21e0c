internal import EventLoop
internal import Logging
internal import Peering
internal import Primitives

extension DialFailure {
    /// What the system said of an attempt, in the terms of the peer table.
    init(_ error: EventLoopError) {
        switch (error.operation, error.code.rawValue) {
        case (.resolve, "EAI_NONAME"), (.resolve, "EAI_NODATA"): self = .noSuchHost
        case (.resolve, "ETIMEDOUT"), (.resolve, "EAI_AGAIN"), (.resolve, "EAI_FAIL"): self = .nameNotResolved
        case (_, "ECONNREFUSED"): self = .refused
        case (_, "ETIMEDOUT"): self = .timedOut
        case (_, "EHOSTUNREACH"), (_, "ENETUNREACH"), (_, "EADDRNOTAVAIL"): self = .noRoute
        case (_, "EACCES"), (_, "EPERM"): self = .forbidden
        default: self = .other(error.text)
        }
    }
}

extension Solitude {
    /// Says it, with the reason for each peer that was dialled.
    func tell(_ logger: Logger) {
        if isNetworkOfOne {
            logger.info("no peer: this node is its network's only authority and has nobody to dial; other nodes dial it")
            return
        }
        logger.notice("\(sentence)", metadata: ["for_s": "\(lasted / .seconds(1))", "known_addresses": "\(knownAddresses)"])
    }

    /// For a person: `no peer: 10.0.0.1:9000 (connection refused), seed.example.org:9000 (no such host)`.
    var sentence: String {
        if attempts.isEmpty {
            return knownAddresses > 0
                ? "no peer: none of the known addresses answers, and there are no bootstrap_peers"
                : "no peer: there are no bootstrap_peers to dial, and no other node has dialled this one"
        }
        let told = attempts.map { "\($0.endpoint) (\($0.isOwn ? "this node itself" : $0.trouble?.description ?? "no answer yet"))" }
        return "no peer: " + told.joined(separator: ", ") + (others > 0 ? " and \(others) more" : "")
    }
}
