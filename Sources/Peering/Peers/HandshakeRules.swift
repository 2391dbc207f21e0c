internal import Network
internal import Primitives
internal import Wire

/// Which handshakes are acceptable (`protocol.md`, "Handshake"), as a function of nothing but the two sides.
enum HandshakeRules {
    /// Why the handshake ends the connection, or `nil` when it does not. `signer` is who signed the envelope, where it
    /// was signed.
    static func refusal(of handshake: Handshake, signedBy signer: Address?, by local: LocalNode) -> DisconnectReason? {
        guard let major = handshake.majorVersion, major == majorVersion(of: local) else { return .incompatibleVersion }
        guard handshake.isOfChain(local.chainID) else { return .otherChain }
        // Who does not say (an older node, another implementation) is given the benefit of the doubt.
        if let theirs = handshake.rules, let ours = local.rules, theirs != ours { return .otherRules }
        if handshake.nonce == local.nonce { return .selfConnection }
        let nodeID = nodeID(of: handshake)
        if let nodeID, nodeID == local.nodeID { return handshake.nonce == nil ? .selfConnection : .identityClash }
        if let signer, let nodeID, signer != nodeID { return .identityMismatch }
        return nil
    }

    /// The identity that the handshake names.
    static func nodeID(of handshake: Handshake) -> Address? {
        handshake.nodeID.flatMap { Address(ByteString($0)) }
    }

    /// Where the peer accepts connections, and whether that is an address of its own: the one that we see or dialled,
    /// or one of the private world in which we meet it. Anything else may be a third party's, and is told to nobody
    /// before a dial has shown that a node of this chain answers there.
    static func listenEndpoint(of handshake: Handshake, remote: Endpoint, direction: Direction) -> (endpoint: Endpoint, isConfirmed: Bool)?
    {
        guard let endpoint = handshake.listenEndpoint(seenFrom: remote), endpoint.isDialable else { return nil }
        if endpoint == direction.dialled || endpoint.address == remote.address && remote.address != nil {
            return (endpoint, true)
        }
        let isPrivateMeeting = remote.scope == .local || remote.scope == .loopback
        return (endpoint, isPrivateMeeting && (endpoint.address == nil || endpoint.scope <= .local))
    }

    private static func majorVersion(of local: LocalNode) -> UInt64? {
        local.handshake(height: 0).majorVersion
    }
}
