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
        APIResponse.success { writer in
            writer.raw("{\"name\":")
            writer.string(genesis.token.name)
            writer.raw(",\"symbol\":")
            writer.string(genesis.token.symbol)
            writer.raw(",\"decimals\":")
            writer.integer(genesis.token.decimals)
            // Absent when the genesis does not say, as there.
            if let supply = genesis.configuration.token?.initialSupply, !supply.isEmpty {
                writer.raw(",\"total_supply\":")
                writer.string(supply)
            }
            writer.raw("}")
        }
    }

    private static func gasConfiguration(_ genesis: Genesis) -> APIResponse {
        let fees = genesis.rules.fees
        return APIResponse.success { writer in
            writer.raw("{\"enabled\":")
            writer.bool(fees != nil)
            writer.raw(",\"base_fee\":")
            writer.amount(fees?.baseFee ?? .zero)
            writer.raw(",\"per_byte_fee\":")
            writer.amount(fees?.perByteFee ?? .zero)
            writer.raw("}")
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
        return APIResponse.success { writer in
            writer.raw("{\"transaction_size\":")
            writer.integer(size)
            writer.raw(",\"base_fee\":")
            writer.amount(estimate.base)
            writer.raw(",\"per_byte_fee\":")
            writer.amount(fees.perByteFee)
            writer.raw(",\"size_fee\":")
            writer.amount(estimate.perSize)
            writer.raw(",\"total_fee\":")
            writer.amount(estimate.total)
            writer.raw(",\"total_fee_formatted\":")
            writer.string(genesis.token.format(estimate.total))
            writer.raw("}")
        }
    }
}
