internal import ChainService
internal import Ledger
internal import NIOHTTP1
internal import Node
internal import Primitives

/// `token/info`, `gas/config`, `gas/estimate`: what the genesis says of money.
enum TokenEndpoints {
    static func routes(_ context: APIContext) -> [Route] {
        let genesis = context.node.chain.genesis
        let info = tokenInfo(genesis)
        let gas = gasConfiguration(genesis)
        return [
            Route(.GET, "/api/v1/token/info") { _ in info },
            Route(.GET, "/api/v1/gas/config") { _ in gas },
            Route(.POST, "/api/v1/gas/estimate") { request in try estimate(request.body, genesis) },
        ]
    }

    private static func tokenInfo(_ genesis: Genesis) -> APIResponse {
        APIResponse.object { json in
            json.member("name", genesis.token.name)
            json.member("symbol", genesis.token.symbol)
            json.member("decimals", genesis.token.decimals)
            // Absent when the genesis does not say, as there.
            if let supply = genesis.configuration.token?.initialSupply, !supply.isEmpty {
                json.member("total_supply", supply)
            }
        }
    }

    private static func gasConfiguration(_ genesis: Genesis) -> APIResponse {
        let fees = genesis.rules.fees
        return APIResponse.object { json in
            json.member("enabled", fees != nil)
            json.member("base_fee") { $0.amount(fees?.baseFee ?? .zero) }
            json.member("per_byte_fee") { $0.amount(fees?.perByteFee ?? .zero) }
        }
    }

    private static func estimate(_ body: [UInt8], _ genesis: Genesis) throws -> APIResponse {
        var size: Int64 = 0
        try RequestBody.readObject(body) { (key, reader) throws(JSONError) in
            guard key.matches("transaction_size") else { return false }
            size = try reader.readOptionalInt64() ?? size
            return true
        }
        guard size > 0 else { throw APIError(.badRequest, "transaction_size must be positive") }
        // On a chain without fees everything costs nothing; the Go node drops the connection there.
        let fees = genesis.rules.fees ?? FeeSchedule(baseFee: .zero, perByteFee: .zero)
        let estimate = fees.estimate(size: Int(size))
        return APIResponse.object { json in
            json.member("transaction_size", size)
            json.member("base_fee") { $0.amount(estimate.base) }
            json.member("per_byte_fee") { $0.amount(fees.perByteFee) }
            json.member("size_fee") { $0.amount(estimate.perSize) }
            json.member("total_fee") { $0.amount(estimate.total) }
            json.member("total_fee_formatted", genesis.token.format(estimate.total))
        }
    }
}
