internal import ArgumentParser
internal import Node
internal import Platform
internal import Primitives
internal import SystemPackage
internal import Terminal
internal import WholeFiles

/// `podoru keygen`: makes a private key.
struct Keygen: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a private key and print its address.",
        discussion: """
            The key file holds 64 hexadecimal characters and can be read by its owner only. A file that is there already is \
            never overwritten. With --output - the key is printed on standard output, and the address beside it.
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the key goes.", valueName: "file"), completion: .file())
    var output = "node.key"

    func run() throws {
        let key = try Entropy.privateKey()
        // Nothing after the 64 characters: the reference reads the file as it is.
        var text = Hex.encode(key.secretBytes)
        // A person's prompt is no file.
        if output == "-", FileDescriptor.standardOutput.isTerminal { text.append(UInt8(ascii: "\n")) }
        try Files.write(text, to: output, as: "key file", mode: 0o600, replaces: false)
        let address = key.address.checksummed.text
        guard !OutputFile.isStandardOutput(output) else { return StandardError.say(address) }
        StandardError.say("wrote the private key to \(output): keep it, nobody can make it again")
        try StandardOutput.say(address)
    }
}
