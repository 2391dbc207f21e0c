internal import HummingbirdCore

/// The HTTP and WebSocket API of a node.
public enum APIServer {}
