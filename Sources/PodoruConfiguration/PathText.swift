/// Paths as texts: what a shell or another program would make of one, and this one does not.
enum PathText {
    /// What is wrong with a path that is not taken as it stands.
    static func complaint(_ text: String) -> ConfigurationComplaint? {
        if text.hasPrefix("~") {
            return ConfigurationComplaint(
                "'\(shortened(text))' begins with ~, which only a shell expands",
                remedy: "write the path from / on, or ./\(shortened(text)) for what really has that name")
        }
        if text.hasPrefix("$") {
            return ConfigurationComplaint(
                "'\(shortened(text))' begins with a variable, which only a shell expands",
                remedy: "write the path from / on, or ./\(shortened(text)) for what really has that name")
        }
        for scheme in ["file://", "file:", "unix://", "unix:"] where text.hasPrefix(scheme) {
            let rest = shortened(String(text.dropFirst(scheme.count)))
            return ConfigurationComplaint("'\(shortened(text))' is a URL, not a path", remedy: "leave out \(scheme): write \(rest)")
        }
        return nil
    }
}
