/// Why a test could not go on.
public struct TestFailure: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// Polls until `condition` holds, and fails after `deadline` with what was waited for and what `state` then says. The deadline is far above what a
/// busy machine needs: it ends a test that hangs, it measures nothing.
public func eventually(
    _ what: String, within deadline: Duration = .seconds(60), state: @autoclosure () -> String = "", _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + deadline
    while try await !condition() {
        guard ContinuousClock.now < end else { throw TestFailure("not within \(deadline): \(what) \(state())") }
        try await Task.sleep(for: .milliseconds(2))
    }
}
