internal import NIOCore
internal import NIOHTTP1

/// What a connection may take its time with, each as long as `APILimits` says.
extension HTTPConnection {
    func sweep(at now: NIODeadline) {
        guard let context else { return }
        if case .lingering(let since) = ending {
            if now - since > limits.lingerDeadline { close() }
        } else if isStalled(context.channel, at: now) {
            close()
        } else if turns.current != nil {
            if now - turns.began > limits.answerDeadline { abandon() }
        } else if let incoming {
            guard now - incoming.headEnded > limits.bodyDeadline else { return }
            refuse(APIError(.requestTimeout, "the body did not come within \(limits.bodyDeadline.seconds) s"))
        } else if let began = head.began {
            guard now - began > limits.headDeadline else { return }
            refuse(APIError(.requestTimeout, "the head did not come within \(limits.headDeadline.seconds) s"))
        } else if !turns.isAwaited, now > idleUntil {
            close()
        }
    }
}

extension TimeAmount {
    /// Whole seconds, for people.
    var seconds: Int64 { nanoseconds / 1_000_000_000 }
}
