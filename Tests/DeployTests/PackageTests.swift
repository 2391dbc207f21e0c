import Foundation
import TestKit
import Testing

/// `make deb` with the built command, looked at by Debian's own tools.
@Suite(
    .enabled(
        if: Shell.has("lintian") && Shell.has("dpkg-shlibdeps") && Shell.has("make"),
        "lintian, dpkg-dev or make is not installed: the Debian package is not checked"), .timeLimit(.minutes(5)))
struct PackageTests {
    @Test func lintianHasNothingToSay() throws {
        let folder = TemporaryDirectory()
        // Packed fast instead of small: the content is what is looked at.
        let build = try Shell.run(
            "deploy/debian/build",
            [
                "OUT": folder.url.appendingPathComponent("deb").path, "RELEASE": Shell.podoru.deletingLastPathComponent().path,
                "DPKG_DEB_COMPRESSOR_LEVEL": "0",
            ])
        try #require(build.code == 0, "\(build.output)\(build.errors)")
        let package = try #require(build.output.split(separator: "\n").last.map(String.init))
        #expect(package.hasSuffix(".deb"))

        let content = try Shell.run("dpkg-deb --contents '\(package)'").output.split(separator: "\n")
        #expect(content.contains { $0.hasPrefix("drwxr-x--- root/root") && $0.hasSuffix(" ./etc/podoru/") })
        // postinst makes it where there is none: as a conffile it would stop upgrades to ask.
        #expect(!content.contains { $0.hasSuffix("/etc/podoru/node.yaml") })
        let conffiles = try Shell.run("dpkg-deb --info '\(package)' conffiles").output
        #expect(conffiles == "/etc/ufw/applications.d/podoru\n")
        let version = try Shell.run("dpkg-deb --field '\(package)' Version").output
        #expect(version.wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+\n/) != nil, "\(version)")

        // Only a release carries the Swift runtime; the command that the tests have looks for it where the compiler is.
        let result = try Shell.run(
            "lintian --no-cfg --allow-root --fail-on error,warning --suppress-tags custom-library-search-path '\(package)'")
        #expect(result.code == 0 && !result.output.contains(": podoru: "), "\(result.output)\(result.errors)")
    }
}
