internal import CPosix
package import SystemPackage

/// What the system says of addresses and names. Blocking.
package enum AddressProbe {
    /// Why a listener could not have `port` of `host` now.
    package enum Obstacle: Error, Hashable, Sendable {
        /// `host` is no IP address.
        case noAddress
        case refused(Errno)
    }

    /// Takes the place of a listener for a moment, as the node's does it: connections that have ended lately do not count.
    package static func listen(host: String, port: UInt16) throws(Obstacle) {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        hints.ai_socktype = podoru_stream_type()
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &list) == 0, let entry = list?.pointee else { throw .noAddress }
        defer { freeaddrinfo(list) }
        let number = podoru_socket(entry.ai_family, 0, 0)
        guard number >= 0 else { throw .refused(.current) }
        let socket = FileDescriptor(rawValue: number)
        defer { socket.closeQuietly() }
        _ = podoru_reuse_address(number)
        guard bind(number, entry.ai_addr, entry.ai_addrlen) == 0 else { throw .refused(.current) }
    }

    /// Asks the name servers for `host`. May take as long as they do.
    ///
    /// - Returns: the system's words for why there is no address, or `nil` when there is one.
    package static func lookUpFault(_ host: String) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = podoru_stream_type()
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { return String(cString: gai_strerror(code)) }
        freeaddrinfo(list)
        return nil
    }
}
