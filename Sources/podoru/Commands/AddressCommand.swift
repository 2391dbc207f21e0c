internal import ArgumentParser
internal import Node
internal import Primitives
internal import Terminal
internal import WholeFiles

/// `podoru address FILE`: whose key a file holds.
struct AddressCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "address", abstract: "Print the address that belongs to a key file.")

    @Argument(help: ArgumentHelp("A key file, as keygen writes it; - for standard input.", valueName: "file"), completion: .file())
    var file: String

    func run() throws {
        try StandardOutput.say(Files.loadKeyInput(file).address.checksummed.text)
    }
}
