/// Every endpoint of the TCP port (`api.md`), apart from the WebSocket.
func apiRoutes(_ context: APIContext) -> [Route] {
    ChainEndpoints.routes(context) + BlockEndpoints.routes(context) + TransactionEndpoints.routes(context)
        + StateEndpoints.routes(context) + NodeEndpoints.routes(context) + MempoolEndpoints.routes(context)
        + AccountEndpoints.routes(context) + TokenEndpoints.routes(context)
}
