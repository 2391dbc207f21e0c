internal import ChainService
internal import Ledger
internal import NIOHTTP1
internal import Node
internal import Primitives
internal import Storage

/// `balance/{address}` and `account/{address}`.
enum AccountEndpoints {
    static func routes(_ context: APIContext) -> [Route] {
        let node = context.node
        return [
            Route(.GET, "/api/v1/balance/{address}") { request in try balance(node.chain, request.parameters[0]) },
            Route(.GET, "/api/v1/account/{address}") { request in try account(node, request.parameters[0]) },
        ]
    }

    /// An address that nobody has used has nothing.
    private static func balance(_ chain: ChainReader, _ text: ByteString) throws -> APIResponse {
        let address = try PathParameter.address(text)
        let balance = Amount(balance: try chain.read { snapshot in try snapshot.stateValue(StateKeys.balance(of: address)) })
        return APIResponse.object { json in
            json.member("address", text)
            json.member("balance") { $0.amount(balance) }
            json.member("balance_formatted", chain.genesis.token.format(balance))
        }
    }

    private static func account(_ node: Node, _ text: ByteString) throws -> APIResponse {
        let address = try PathParameter.address(text)
        // The mempool first: what leaves it meanwhile is in the chain that is read after it.
        let pending = node.mempool.highestNonce(of: address)
        let (balance, used) = try node.chain.read { snapshot in
            (try snapshot.stateValue(StateKeys.balance(of: address)), try snapshot.lastNonce(sender: address))
        }
        return APIResponse.object { json in
            json.member("address", text)
            json.member("balance") { $0.amount(Amount(balance: balance)) }
            json.member("nonce", nextNonce(used: used, pending: pending))
        }
    }

    /// One more than any that is used or waits; 0 for a fresh account, `nil` after the highest of all.
    static func nextNonce(used: UInt64?, pending: UInt64?) -> UInt64? {
        guard let highest = [used, pending].compactMap({ $0 }).max() else { return 0 }
        return highest == .max ? nil : highest + 1
    }
}
