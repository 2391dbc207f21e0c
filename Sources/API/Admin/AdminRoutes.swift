internal import Node

/// The admin verbs (`api.md`), for the Unix socket only.
func adminRoutes(node: Node) -> [Route] { [] }
