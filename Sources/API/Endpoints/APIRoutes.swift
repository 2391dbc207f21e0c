/// Everything that the TCP port answers (`api.md`). docs/openapi.yaml lists the same.
func apiRoutes(_ context: APIContext) -> [Route] {
    ChainEndpoints.routes(context) + BlockEndpoints.routes(context) + TransactionEndpoints.routes(context)
        + StateEndpoints.routes(context) + NodeEndpoints.routes(context) + MempoolEndpoints.routes(context)
        + AccountEndpoints.routes(context) + TokenEndpoints.routes(context) + metricsRoutes(context) + [WebSocketUpgrade.route]
}
