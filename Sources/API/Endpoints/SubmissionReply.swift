internal import Ledger
internal import Mempool
internal import NIOHTTP1
internal import PodoruConfiguration
internal import Primitives

/// What whoever submitted a transaction hears, in the Go node's words where it has any (`api-go.json`, "tx submit …").
struct SubmissionReply: Sendable {
    private let rules: ChainRules
    /// Until the next block, which makes room in a full mempool: the value of `Retry-After`.
    private let blockSeconds: Int64

    init(genesis: Genesis, configuration: NodeConfiguration) {
        rules = genesis.rules
        switch genesis.ruleSet {
        case .strict(let seconds): blockSeconds = max(1, seconds)
        case .reference: blockSeconds = max(1, configuration.blockTime / .seconds(1))
        }
    }

    func accepted(_ hash: Hash32) -> APIResponse {
        APIResponse.object(capacity: 288) { json in
            json.member("transaction_hash") { $0.hash(hash) }
            json.member("hash") { $0.hash(hash) }
            json.member("status", "submitted")
            json.member("message", "Transaction submitted successfully")
        }
    }

    /// - Parameter isPending: whether it waits in the mempool; otherwise it is in a block.
    func known(_ hash: Hash32, isPending: Bool) -> APIError {
        APIError(.badRequest, isPending ? SubmissionReply.alreadyPending : words(.alreadyIncluded(hash), size: 0))
    }

    private static let alreadyPending = "failed to add to mempool: transaction already in mempool"

    var busy: APIError {
        APIError(.serviceUnavailable, "the node has too many transactions to check: try again in a moment", headers: ["Retry-After": "1"])
    }

    /// - Parameter size: bytes of the transaction's canonical JSON.
    func refused(_ rejection: MempoolRejection, size: Int) -> APIError {
        switch rejection {
        case .full, .senderLimit:
            return APIError(.serviceUnavailable, rejection.description, headers: ["Retry-After": "\(blockSeconds)"])
        case .alreadyPending: return APIError(.badRequest, SubmissionReply.alreadyPending)
        case .ledger(let reason): return APIError(.badRequest, words(reason, size: size))
        case .tooLargeForBlock, .noncePending, .cannotPayAll: return APIError(.badRequest, rejection.description)
        }
    }

    private func words(_ rejection: TransactionRejection, size: Int) -> String {
        switch rejection {
        case .noSender, .invalidSender, .noData, .noOperations, .nilOperation, .emptyKey, .unknownType, .missingValue, .notABalanceKey,
            .keyTooLarge, .valueTooLarge, .noID, .wrongID:
            return "invalid transaction: \(rejection)"
        case .signature(let fault): return "invalid transaction: signature verification failed: \(SubmissionReply.words(fault))"
        case .cannotPayFee: return "balance validation failed: \(rejection)"
        case .cannotPay(_, let needed):
            let fee = rules.fee(size: size)
            guard let transfer = needed.subtracting(fee) else { return rejection.description }
            return "\(rejection) (transfer: \(transfer), gas: \(fee))"
        default: return rejection.description
        }
    }

    private static func words(_ fault: SignatureFault) -> String {
        switch fault {
        case .missing: "transaction has no signature"
        case .wrongLength: "failed to recover address: signature must be 65 bytes"
        case .wrongSigner(let claimed, let recovered):
            "signature verification failed: expected \(Address(claimed)?.lowercased ?? claimed), got \(recovered.lowercased)"
        case .unrecoverable, .highS: fault.description
        }
    }
}
