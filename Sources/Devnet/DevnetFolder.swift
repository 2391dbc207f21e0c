internal import Platform
internal import SystemPackage
internal import Terminal

/// The devnet's folder, where none is named.
package enum DevnetFolder {
    package static func makeTemporary() throws -> String {
        let base = FileSystem.temporaryFolder
        do throws(Errno) {
            return try FileSystem.makeTemporaryFolder("\(base)/podoru-devnet-")
        } catch {
            throw CommandFailure(.cannotCreate, "cannot create a folder in \(base): \(error); name one with --dir")
        }
    }

    /// Removes the folder and what the devnet put there.
    package static func remove(_ path: String) { FileSystem.removeTree(path) }
}
