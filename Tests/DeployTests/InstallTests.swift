import Foundation
import TestKit
import Testing

/// `make install-files` and `make uninstall` into a staged tree, with the built command.
@Suite(.enabled(if: Shell.has("make"), "make is not installed: installing is not checked")) struct InstallTests {
    private struct Tree {
        let folder = TemporaryDirectory()
        /// Of make, so that it stages the tree from the binary that the tests have built.
        let arguments: String

        init(prefix: String = "/usr") throws {
            let release = Shell.podoru.deletingLastPathComponent().path
            arguments = "DESTDIR='\(folder.path)' PREFIX=\(prefix) SYSCONFDIR=/etc RELEASE='\(release)' STRIP="
        }

        func make(_ target: String) throws -> Shell.Result { try Shell.run("make -s \(target) \(arguments)") }

        /// All files below it, with their modes.
        var files: [String: Int] {
            get throws {
                var found: [String: Int] = [:]
                for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
                    let attributes = try FileManager.default.attributesOfItem(atPath: folder.url.appendingPathComponent(path).path)
                    guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
                    found[path] = attributes[.posixPermissions] as? Int
                }
                return found
            }
        }

        func file(_ path: String) -> URL { folder.url.appendingPathComponent(path) }
    }

    @Test func everythingIsInItsPlace() throws {
        let tree = try Tree()
        let result = try tree.make("install-files")
        #expect(result.code == 0, "\(result.errors)")
        let files = try tree.files
        let expected = [
            "usr/bin/podoru": 0o755, "usr/bin/podoru-open": 0o755, "usr/lib/systemd/system/podoru.service": 0o644,
            "usr/lib/systemd/system/podoru@.service": 0o644, "usr/share/podoru/producer.conf": 0o644,
            "usr/share/podoru/data-dir.conf": 0o644, "usr/share/podoru/low-port.conf": 0o644, "usr/share/podoru/node.yaml": 0o644,
            "usr/share/podoru/node.short.yaml": 0o644,
            "usr/lib/sysusers.d/podoru.conf": 0o644, "usr/lib/tmpfiles.d/podoru.conf": 0o644, "usr/share/man/man1/podoru.1": 0o644,
            "usr/share/man/man1/podoru-open.1": 0o644, "usr/share/man/man5/podoru.yaml.5": 0o644,
            "usr/share/bash-completion/completions/podoru": 0o644, "usr/share/zsh/vendor-completions/_podoru": 0o644,
            "usr/share/fish/vendor_completions.d/podoru.fish": 0o644, "etc/ufw/applications.d/podoru": 0o644,
            "etc/podoru/node.yaml": 0o640, "usr/share/doc/podoru/LICENSE": 0o644,
            "usr/share/doc/podoru/docs/recovery.md": 0o644,
            "usr/share/podoru/proxy/nginx.conf": 0o644, "usr/share/podoru/proxy/Caddyfile": 0o644,
            "usr/share/podoru/prometheus/podoru-alerts.yml": 0o644, "usr/share/podoru/grafana/podoru.json": 0o644,
        ]
        for (path, mode) in expected { #expect(files[path] == mode, "\(path): \(files[path].map { String($0, radix: 8) } ?? "missing")") }
        for path in files.keys where !path.hasPrefix("usr/share/doc/") {
            let text = try? String(contentsOf: tree.file(path), encoding: .utf8)
            #expect(text?.contains(tree.folder.path) != true, "\(path) names the staging folder")
            #expect(
                text?.firstMatch(of: /@[A-Z]+@/) == nil, "\(path) has places that were not filled in")
        }
    }

    @Test func theInstalledConfigurationIsSoundAndNamesInstalledPlaces() throws {
        let tree = try Tree()
        _ = try tree.make("install-files")
        let result = try Shell.run("'\(Shell.podoru.path)' check-config --effective '\(tree.file("etc/podoru/node.yaml").path)'")
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.contains("genesis_path: \"/etc/podoru/genesis.json\""))
        #expect(result.output.contains("data_dir: \"/var/lib/podoru\""))
        #expect(result.output.contains("api_admin_socket: \"/run/podoru/admin.sock\""))
    }

    /// What it sets beside the defaults are the places; all else is for the operator to add.
    @Test func theInstalledConfigurationIsShort() throws {
        let tree = try Tree()
        _ = try tree.make("install-files")
        let text = try String(contentsOf: tree.file("etc/podoru/node.yaml"), encoding: .utf8)
        let keys = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != ":" } }
        #expect(keys == ["genesis_path", "data_dir", "api_admin_socket"])
        #expect(text.contains("\n#bootstrap_peers: [") && text.contains("/usr/share/podoru/node.yaml"))
        // The lines that are commented out can be used as they stand.
        let all = text.replacingOccurrences(of: "\n#", with: "\n").split(separator: "\n").filter {
            $0.prefixMatch(of: #/[a-z0-9_]+: /#) != nil
        }
        try all.joined(separator: "\n").write(to: tree.file("all.yaml"), atomically: true, encoding: .utf8)
        let result = try Shell.run("'\(Shell.podoru.path)' check-config --quiet '\(tree.file("all.yaml").path)'")
        #expect(all.count > 6 && result.code == 0, "\(result.errors)")
    }

    @Test func theOperatorsConfigurationIsKept() throws {
        let tree = try Tree()
        _ = try tree.make("install-files")
        try "p2p_port: 9001\n".write(to: tree.file("etc/podoru/node.yaml"), atomically: true, encoding: .utf8)
        _ = try tree.make("install-files")
        #expect(try String(contentsOf: tree.file("etc/podoru/node.yaml"), encoding: .utf8) == "p2p_port: 9001\n")
        #expect(try tree.files.keys.filter { $0.hasPrefix("etc/podoru/") } == ["etc/podoru/node.yaml"])
    }

    @Test func anUpgradeSaysThatTheServiceIsToBeRestarted() throws {
        let tree = try Tree()
        let first = try Shell.run("make -s install SWIFT=false \(tree.arguments)", ["SUDO_USER": "someone"])
        #expect(
            first.output.contains("systemctl enable --now podoru") && !first.output.contains("restart"), "\(first.output)\(first.errors)")
        let second = try Shell.run("make -s install SWIFT=false \(tree.arguments)", ["SUDO_USER": "someone"])
        #expect(second.output.contains("systemctl restart podoru") && !second.output.contains("enable"), "\(second.output)\(second.errors)")
    }

    @Test func aMachineWithoutStripInstallsTheBinaryAsItIs() throws {
        let script = """
            mkdir "$FOLDER/bin"; ln -s "$(command -v make)" "$FOLDER/bin/make"
            [ "$WITH" = no ] || ln -s /bin/true "$FOLDER/bin/strip"
            PATH="$FOLDER/bin" make -n install-files
            """
        for (with, option) in [("no", "install -m 0755  "), ("yes", "install -m 0755 -s ")] {
            let folder = TemporaryDirectory()
            let result = try Shell.run(script, ["FOLDER": folder.path, "WITH": with])
            #expect(result.code == 0 && result.output.contains(option + ".build/release/podoru"), "\(result.output)\(result.errors)")
        }
    }

    /// The package has its files elsewhere than `make install`.
    @Test(arguments: ["/usr", "/usr/local"]) func theInstalledPagesNameInstalledPlaces(prefix: String) throws {
        let tree = try Tree(prefix: prefix)
        _ = try tree.make("install-files")
        let doc = String(prefix.dropFirst()) + "/share/doc/podoru"
        for page in try tree.files.keys where page.hasPrefix(doc) && page.hasSuffix(".md") {
            let text = try String(contentsOf: tree.file(page), encoding: .utf8)
            for place in text.matches(of: /\/usr(\/local)?\/share\/podoru[^\s`|)>;,]*/).map({ String($0.output.0) }) {
                #expect(FileManager.default.fileExists(atPath: tree.file(place).path), "\(page) names \(place)")
            }
        }
    }

    @Test(arguments: ["/usr", "/usr/local"]) func uninstallLeavesTheConfigurationAndTheDataOnly(prefix: String) throws {
        let tree = try Tree(prefix: prefix)
        _ = try tree.make("install-files")
        for (path, text) in [("etc/podoru/genesis.json", "{}"), ("var/lib/podoru/data.mdb", "data")] {
            try FileManager.default.createDirectory(at: tree.file(path).deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: tree.file(path), atomically: true, encoding: .utf8)
        }
        let result = try tree.make("uninstall")
        #expect(result.code == 0, "\(result.errors)")
        #expect(try Set(tree.files.keys) == ["etc/podoru/node.yaml", "etc/podoru/genesis.json", "var/lib/podoru/data.mdb"])
    }

    @Test func sudoInstallsWhatWasBuiltAndBuildsNothing() throws {
        let tree = try Tree()
        let installed = try Shell.run("make -s install SWIFT=false \(tree.arguments)", ["SUDO_USER": "someone"])
        #expect(installed.code == 0 && installed.output.contains("installed. Next:"), "\(installed.errors)")
        let missing = try Shell.run(
            "make -s install SWIFT=false DESTDIR='\(tree.folder.path)' RELEASE=/nonexistent", ["SUDO_USER": "someone"])
        #expect(missing.code != 0 && missing.errors.contains("run `make build` first, without sudo"), "\(missing.errors)")
    }

    private func check(_ shell: String, _ path: String) throws {
        let tree = try Tree()
        _ = try tree.make("install-files")
        let result = try Shell.run("\(shell) -n '\(tree.file("usr/share/\(path)").path)'")
        #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    }

    @Test(.enabled(if: Shell.has("bash"), "bash is not installed: its completions are not checked"))
    func bashReadsItsCompletions() throws { try check("bash", "bash-completion/completions/podoru") }

    @Test(.enabled(if: Shell.has("zsh"), "zsh is not installed: its completions are not checked"))
    func zshReadsItsCompletions() throws { try check("zsh", "zsh/vendor-completions/_podoru") }

    @Test(.enabled(if: Shell.has("fish"), "fish is not installed: its completions are not checked"))
    func fishReadsItsCompletions() throws { try check("fish", "fish/vendor_completions.d/podoru.fish") }
}

/// The manual pages, read by man itself.
@Suite(.enabled(if: Shell.has("man"), "man is not installed: the pages are not checked")) struct ManualPageTests {
    @Test(arguments: ["podoru.1", "podoru-open.1", "podoru.yaml.5"]) func manFindsNothingToSay(page: String) throws {
        let result = try Shell.run("man -l --warnings=all deploy/man/\(page) 2>&1 >/dev/null", ["MANWIDTH": "100"])
        #expect(result.code == 0 && result.output.isEmpty, "\(result.output)")
    }

    /// After a change of a command: `UPDATE_MANUAL=1 swift test --filter ManualPageTests`.
    @Test(.enabled(if: Shell.has("python3"), "python3 is not installed: podoru(1) is not made anew"))
    func thePageIsWhatTheCommandSaysOfItself() throws {
        let result = try Shell.run("'\(Shell.podoru.path)' --experimental-dump-help | python3 deploy/man/make-podoru-1")
        #expect(result.code == 0, "\(result.errors)")
        if ProcessInfo.processInfo.environment["UPDATE_MANUAL"] != nil {
            try Data(result.output.utf8).write(to: Shell.root.appendingPathComponent("deploy/man/podoru.1"), options: .atomic)
        }
        #expect(result.output.contains(".SS podoru run\n") && result.output.contains(".SS podoru tx set\n"))
        #expect(try Shell.read("man/podoru.1") == result.output)
    }
}

/// What Prometheus and Grafana are given.
@Suite struct MonitoringTests {
    @Test(.enabled(if: Shell.has("promtool"), "promtool is not installed: the rules are not checked"))
    func promtoolReadsTheRules() throws {
        let result = try Shell.run("promtool check rules deploy/prometheus/podoru-alerts.yml")
        #expect(result.code == 0, "\(result.output)\(result.errors)")
    }

    @Test(.enabled(if: Shell.has("promtool"), "promtool is not installed: the alerts are not tried"))
    func theAlertsFireWhenTheyShould() throws {
        let result = try Shell.run("promtool test rules deploy/prometheus/podoru-alerts.test.yml")
        #expect(result.code == 0, "\(result.output)\(result.errors)")
    }

    /// docs/metrics.md names every metric of the node, which the API's tests hold against the node.
    @Test(arguments: ["grafana/podoru.json", "prometheus/podoru-alerts.yml", "prometheus/podoru-alerts.test.yml"])
    func onlyMetricsThatExistAreAskedFor(file: String) throws {
        let page = try String(contentsOf: Shell.root.appendingPathComponent("docs/metrics.md"), encoding: .utf8)
        let names = { (text: String) -> Set<String> in
            Set(
                text.matches(of: /podoru_[a-z0-9_]+/).map { String($0.output) }.map { name in
                    for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) && name != "podoru_peer_count" {
                        return String(name.dropLast(suffix.count))
                    }
                    return name
                })
        }
        let asked = names(try Shell.read(file))
        #expect(asked.count > 5)
        #expect(asked.subtracting(names(page)).sorted() == [])
    }

    @Test func theDashboardIsJSON() throws {
        let object = try JSONSerialization.jsonObject(with: Data(Shell.read("grafana/podoru.json").utf8)) as? [String: Any]
        #expect((object?["panels"] as? [Any])?.isEmpty == false)
    }
}
