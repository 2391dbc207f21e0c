internal import Primitives
internal import ProtocolCore

/// One metric with its samples, as Prometheus and OpenMetrics both know it.
struct MetricFamily: Sendable {
    enum Kind: Sendable {
        case gauge
        /// Rises only; its samples carry `_total`.
        case counter
        case histogram
        /// A 1 whose labels say something; its sample carries `_info`.
        case info
    }

    /// Without the suffix of its kind. Ends in its unit where it has one.
    let name: String
    let kind: Kind
    /// The base unit, `seconds` or `bytes`.
    let unit: Unit?
    /// One sentence.
    let help: String
    let samples: [Sample]

    enum Unit: String, Sendable {
        case seconds, bytes
    }

    struct Sample: Sendable {
        /// From closed sets only: never a peer, an address or a key, of which there is no end.
        let labels: [(name: String, value: String)]
        let value: Value
    }

    enum Value: Sendable {
        case count(UInt64)
        case number(Int64)
        /// Written in seconds.
        case time(Nanoseconds)
        case histogram(Histogram)
    }

    /// - Parameter name: after `podoru_`.
    init(_ kind: Kind, _ name: String, unit: Unit? = nil, _ help: String, _ samples: [Sample]) {
        self.name = "podoru_" + name
        self.kind = kind
        self.unit = unit
        self.help = help
        self.samples = samples
    }

    /// One without labels.
    init(_ kind: Kind, _ name: String, unit: Unit? = nil, _ help: String, _ value: Value) {
        self.init(kind, name, unit: unit, help, [Sample(labels: [], value: value)])
    }
}
