internal import ArgumentParser
internal import Node
internal import Primitives

/// `podoru keygen`: makes a private key.
struct Keygen: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a private key and print its address.",
        discussion: """
            The key file holds 64 hexadecimal characters and can be read by its owner only. A file that is there already \
            is never overwritten.
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the key goes.", valueName: "file"))
    var output = "node.key"

    func run() throws {
        let key = try Entropy.privateKey()
        // Nothing after the 64 characters: the reference reads the file as it is.
        let text = Hex.encode(key.secretBytes)
        try Files.write(text, to: output, as: "key file", mode: 0o600, replaces: false)
        StandardError.say("wrote the private key to \(output): keep it, nobody can make it again")
        try StandardOutput.say(key.address.checksummed.text)
    }
}
