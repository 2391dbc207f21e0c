import Foundation
import PackagePlugin

/// Writes the commit that the sources are of into the command, at each build for which something has changed. Only the one file that it
/// writes is compiled anew for another commit.
@main struct NameCommit: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let root = context.package.directoryURL
        let output = context.pluginWorkDirectoryURL.appending(path: "BuildCommit.swift")
        return [
            .buildCommand(
                displayName: "Naming the commit", executable: URL(filePath: "/bin/sh"),
                arguments: [root.appending(path: "Plugins/NameCommit/name-commit.sh").path(), root.path(), output.path()],
                inputFiles: sources(of: root) + marks(of: root), outputFiles: [output])
        ]
    }

    /// What makes the checkout differ from its commit, as `name-commit.sh` judges it.
    private func sources(of root: URL) -> [URL] {
        var found = [root.appending(path: "Package.swift")]
        for folder in ["CSystemShims", "Plugins", "Sources"] {
            let files = FileManager.default.enumerator(at: root.appending(path: folder), includingPropertiesForKeys: [.isRegularFileKey])
            while let file = files?.nextObject() as? URL {
                if (try? file.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true { found.append(file) }
            }
        }
        return found
    }

    /// Files of git that change with each commit and checkout. Without git there are none.
    private func marks(of root: URL) -> [URL] {
        var folder = root.appending(path: ".git")
        // In a work tree beside the main one it is a file that names the folder.
        let prefix = "gitdir: "
        if let text = try? String(contentsOf: folder, encoding: .utf8), text.hasPrefix(prefix) {
            folder = URL(filePath: text.dropFirst(prefix.count).trimmingCharacters(in: .whitespacesAndNewlines), relativeTo: root)
        }
        return ["HEAD", "index", "logs/HEAD"].map { folder.appending(path: $0) }.filter {
            FileManager.default.fileExists(atPath: $0.path())
        }
    }
}
