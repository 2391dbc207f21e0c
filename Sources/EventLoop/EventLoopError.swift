internal import CUV

/// What the operating system refused, in words for a person: which operation, at which address, and why.
public struct EventLoopError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was being done.
    public enum Operation: String, Hashable, Sendable {
        case start
        case listen
        case accept
        case resolve
        case connect
        case read
        case write
        case shutdown
        case timer
    }

    /// The name libuv gives an error, such as `ECONNREFUSED`: stable across platforms, good for logs and metrics.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        public var description: String { rawValue }

        public static let addressInUse = Code(rawValue: "EADDRINUSE")
        public static let addressNotAvailable = Code(rawValue: "EADDRNOTAVAIL")
        public static let brokenPipe = Code(rawValue: "EPIPE")
        public static let busy = Code(rawValue: "EBUSY")
        public static let canceled = Code(rawValue: "ECANCELED")
        public static let connectionRefused = Code(rawValue: "ECONNREFUSED")
        public static let connectionReset = Code(rawValue: "ECONNRESET")
        public static let invalid = Code(rawValue: "EINVAL")
        public static let noBufferSpace = Code(rawValue: "ENOBUFS")
        public static let permissionDenied = Code(rawValue: "EACCES")
        public static let timedOut = Code(rawValue: "ETIMEDOUT")
        public static let tooManyFiles = Code(rawValue: "EMFILE")
    }

    public var operation: Operation
    /// The address or name that it concerned, as a person writes it: `127.0.0.1:9000`.
    public var address: String?
    public var code: Code
    /// The reason in words, without the operation and the address.
    public var text: String

    public init(_ operation: Operation, address: String? = nil, code: Code, text: String) {
        self.operation = operation
        self.address = address
        self.code = code
        self.text = text
    }

    /// `cannot connect to 127.0.0.1:9000: connection refused (ECONNREFUSED)`.
    public var description: String {
        let what =
            switch operation {
            case .start: "cannot start the event loop"
            case .listen: "cannot listen"
            case .accept: "cannot accept a connection"
            case .resolve: "cannot resolve"
            case .connect: "cannot connect"
            case .read: "cannot read"
            case .write: "cannot write"
            case .shutdown: "cannot end the stream"
            case .timer: "cannot set a timer"
            }
        guard let address else { return "\(what): \(text) (\(code))" }
        let link =
            switch operation {
            case .resolve: ""
            case .connect, .write: "to "
            case .read: "from "
            default: "on "
            }
        return "\(what) \(link)\(address): \(text) (\(code))"
    }
}

extension EventLoopError {
    /// The error behind a negative libuv return value.
    init(_ operation: Operation, address: String? = nil, uv code: CInt) {
        self.init(operation, address: address, code: Code(uv: code), text: Self.text(uv: code))
    }

    /// libuv's words for `code`. The `_r` form: the other leaks a string for a code it does not know.
    private static func text(uv code: CInt) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: textCapacity) { buffer in
            uv_strerror_r(code, buffer.baseAddress, buffer.count)
            return buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
    }

    /// Bytes for a name or a text of libuv, with its terminator; the longest today has 47.
    fileprivate static let textCapacity = 128
}

extension EventLoopError.Code {
    init(uv code: CInt) {
        let name = withUnsafeTemporaryAllocation(of: CChar.self, capacity: EventLoopError.textCapacity) { buffer in
            uv_err_name_r(code, buffer.baseAddress, buffer.count)
            return buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
        self.init(rawValue: name)
    }
}

/// Throws the error behind `code` when it is negative, as libuv's functions return it.
@inline(__always)
func check(
    _ code: CInt, _ operation: EventLoopError.Operation, address: @autoclosure () -> String? = nil
) throws(EventLoopError) {
    if code < 0 { throw EventLoopError(operation, address: address(), uv: code) }
}
