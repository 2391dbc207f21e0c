/// The version that the handshake and `--version` name.
public enum PodoruVersion {
    public static let current = "1.0.0"

    /// The tail of the version that the devnet's own traffic names, by which its peers know it: `podoru status` calls it `traffic`.
    package static let trafficTail = "+devnet-traffic"

    /// For people: `1.0.0 (e7fb291a0c)`, the version alone where the commit is not known.
    public static func text(commit: String?) -> String { commit.map { "\(current) (\($0))" } ?? current }
}
