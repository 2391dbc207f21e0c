public import Chain
public import Network
public import Primitives
public import Session

/// What the shell, or a simulation in its place, is to do, in order.
public enum ShellEffect: Sendable {
    case socket(SessionEffect)
    /// Connect; answer with `Swarm.dialSucceeded`, or tell the core `dialFailed`.
    case dial(Endpoint)
    case cancelDial(Endpoint)
    /// Give the chain worker its next work.
    case chain(ChainCommand)
    /// The frames of a relayed block are with the sockets: tell the core `blockHandedOn` with the time that it is now.
    case stampRelay(receivedAt: Nanoseconds)
    /// Something for the log, the metrics or the event stream.
    // In a box of its own: it comes with a block or a peer, and every effect would be as large as the largest fact.
    indirect case fact(CoreFact)
}
