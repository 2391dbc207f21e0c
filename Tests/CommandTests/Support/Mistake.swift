import Testing

/// What the command says of a mistake, in the parts that each complaint must have.
struct Complaint: Sendable {
    /// Where to correct it: `node.yaml:3:12`, a variable, or a file.
    var place: String
    /// What is wrong.
    var reason: String
    /// What to do.
    var remedy: String

    /// The very line.
    var line: String { "\(place): \(reason); \(remedy)" }
}

/// A configuration that is wrong, with all that the command says of it.
struct Mistake: Sendable, CustomTestStringConvertible {
    var text: String
    var environment: [String: String]
    var complaints: [Complaint]

    /// - Parameter position: line and column in `node.yaml`, as in `3:12`.
    init(_ text: String, _ position: String, _ reason: String, _ remedy: String) {
        self.init(text, [Complaint(place: "node.yaml:\(position)", reason: reason, remedy: remedy)])
    }

    /// A mistake in a variable of the environment, beside a sound file.
    init(variable: String, _ value: String, _ reason: String, _ remedy: String) {
        self.init("", [Complaint(place: variable, reason: reason, remedy: remedy)], environment: [variable: value])
    }

    init(_ text: String, _ complaints: [Complaint], environment: [String: String] = [:]) {
        self.text = text
        self.environment = environment
        self.complaints = complaints
    }

    var testDescription: String { complaints.first?.line ?? text }
}
