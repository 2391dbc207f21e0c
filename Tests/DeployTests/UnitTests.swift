import Foundation
import TestKit
import Testing

/// The service file, read by systemd's own tools.
@Suite(.enabled(if: Shell.has("systemd-analyze"), "systemd-analyze is not installed: the unit is not checked"))
struct UnitTests {
    /// A unit as it is installed, in a folder with a command that it can start and, where `isCustomised`, with all drop-ins that ship.
    private func withUnit<R>(_ name: String, isCustomised: Bool = false, _ body: (URL) throws -> R) throws -> R {
        let folder = TemporaryDirectory()
        let staged = try Shell.run(
            """
            set -e
            make -s install-files DESTDIR="$FOLDER/root" PREFIX=/usr RELEASE="$RELEASE" STRIP=
            ln -s /bin/true "$FOLDER/podoru"
            for unit in podoru.service podoru@.service; do
                sed "s|/usr/bin/podoru|$FOLDER/podoru|g" "$FOLDER/root/usr/lib/systemd/system/$unit" > "$FOLDER/$unit"
            done
            cp "$FOLDER/podoru@.service" "$FOLDER/podoru@b.service"
            [ "$CUSTOMISED" = false ] || { mkdir "$FOLDER/$UNIT.d"; cp "$FOLDER"/root/usr/share/podoru/*.conf "$FOLDER/$UNIT.d"; }
            """,
            [
                "FOLDER": folder.path, "UNIT": name, "CUSTOMISED": "\(isCustomised)",
                "RELEASE": Shell.podoru.deletingLastPathComponent().path,
            ])
        try #require(staged.code == 0, "\(staged.errors)")
        return try body(folder.url.appendingPathComponent(name))
    }

    @Test(arguments: ["podoru.service", "podoru@b.service"], [false, true])
    func systemdFindsNothingToSay(name: String, isCustomised: Bool) throws {
        try withUnit(name, isCustomised: isCustomised) { unit in
            let result = try Shell.run("systemd-analyze verify --man=no '\(unit.path)'")
            #expect(result.code == 0)
            #expect(result.output + result.errors == "")
        }
    }

    @Test(arguments: ["podoru.service", "podoru@b.service"]) func itsExposureIsAtMostTwo(name: String) throws {
        try withUnit(name) { unit in
            let result = try Shell.run("systemd-analyze security --offline=true --threshold=20 '\(unit.path)'")
            let last = result.output.split(separator: "\n").last { $0.contains("exposure level") }.map(String.init) ?? result.errors
            #expect(result.code == 0, "\(last)")
            let level = try #require(last.split(separator: " ").compactMap { Double($0) }.first)
            #expect(level <= 2.0, "\(last)")
        }
    }

    @Test func aMistakeThatStaysIsNotRetried() throws {
        let unit = try Shell.read("systemd/podoru.service.in")
        #expect(unit.contains("\nRestartPreventExitStatus=64 65 66 73 77 78\n"))
        #expect(unit.contains("\nType=notify\n") && unit.contains("\nWatchdogSec="))
    }

    /// One of several nodes shares nothing with the others, and nothing that systemd removes with podoru.service.
    @Test func oneOfSeveralNodesHasFilesOfItsOwn() throws {
        try withUnit("podoru@.service") { file in
            let text = try String(contentsOf: file, encoding: .utf8)
            let unit = ServiceUnit(text)
            #expect(unit["ExecStart"]?.hasSuffix("run --config /etc/podoru/%i.yaml") == true)
            #expect(unit["ExecReload"]?.contains("/etc/podoru/%i.yaml") == true)
            #expect(unit["StateDirectory"] == "podoru/%i" && unit["WorkingDirectory"] == "/var/lib/podoru/%i")
            #expect(unit["RuntimeDirectory"] == "podoru-%i")
            #expect(!text.contains("node.yaml"))
        }
    }

    @Test func aReloadChecksTheFileFirst() throws {
        let folder = TemporaryDirectory()
        let line = try #require(ServiceUnit(Shell.read("systemd/podoru.service.in"))["ExecReload"])
        // As systemd runs it, with a process to signal that tells of it.
        let result = try Shell.run(
            """
            cd "$FOLDER"; mkdir podoru; ln -s "$PODORU" podoru/podoru; : > told
            sh -c 'trap "echo hup >> told" HUP; echo up >> told; while :; do sleep 0.01; done' & export MAINPID=$!
            until grep -q up told; do :; done
            echo 'max_peers: 40' > podoru/node.yaml; eval "$LINE"; echo $?
            until grep -q hup told; do :; done
            echo 'max_peers: many' > podoru/node.yaml; eval "$LINE"; echo $?
            kill $MAINPID; grep -c hup told
            """,
            [
                "FOLDER": folder.path, "PODORU": Shell.podoru.path,
                "LINE": line.replacingOccurrences(of: "@BINDIR@", with: "\(folder.path)/podoru")
                    .replacingOccurrences(of: "@SYSCONFDIR@", with: folder.path),
            ])
        #expect(result.output == "0\n78\n1\n", "\(result.output)\(result.errors)")
        #expect(result.errors.contains("node.yaml:1:12: "), "\(result.errors)")
    }
}

/// The firewall's profiles and the script that uses them.
@Suite struct FirewallTests {
    @Test(
        .enabled(if: Shell.has("ufw") && Shell.isRoot && Shell.has("unshare"), "ufw and root are needed: ufw does not read the profiles"),
        arguments: [("Podoru P2P", "9000/tcp"), ("Podoru API", "8545/tcp")])
    func ufwReadsTheProfile(name: String, port: String) throws {
        // In a mount namespace of its own, so that the machine's ufw stays as it is.
        let script = """
            folder=$(mktemp -d) && cp deploy/ufw/podoru "$folder/"
            unshare -m sh -c "mount --bind $folder /etc/ufw/applications.d && ufw app info '\(name)'"; code=$?
            rm -r "$folder"; exit $code
            """
        let result = try Shell.run(script)
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.contains("Profile: \(name)") && result.output.contains(port))
    }

    private func open(_ configuration: String, _ arguments: String) throws -> Shell.Result {
        let folder = TemporaryDirectory()
        let file = folder.url.appendingPathComponent("node.yaml")
        try configuration.write(to: file, atomically: true, encoding: .utf8)
        return try Shell.run("deploy/ufw/podoru-open --config '\(file.path)' \(arguments)", ["PODORU": Shell.podoru.path])
    }

    @Test func theRuleIsForThePortOfTheConfiguration() throws {
        let result = try open("p2p_port: 9123\n", "--dry-run")
        #expect(result.code == 0)
        #expect(result.output == "ufw allow proto tcp from any to any port 9123 comment 'Podoru P2P'\n")
    }

    @Test func theAPIIsOpenedToThoseWhoAreNamed() throws {
        let result = try open("api_bind_addr: 0.0.0.0\napi_port: 8600\n", "--dry-run --api --from 10.0.0.0/8")
        #expect(result.output.hasSuffix("ufw allow proto tcp from 10.0.0.0/8 to any port 8600 comment 'Podoru API'\n"))
    }

    /// With a systemctl that knows one unit, whose properties name the folder of the configuration FOLDER.
    private func open(_ configuration: String, unit: String, file: String = "node.yaml", _ properties: String) throws -> Shell.Result {
        let folder = TemporaryDirectory()
        try configuration.write(to: folder.url.appendingPathComponent(file), atomically: true, encoding: .utf8)
        try properties.replacingOccurrences(of: "FOLDER", with: folder.path)
            .write(to: folder.url.appendingPathComponent("properties"), atomically: true, encoding: .utf8)
        return try Shell.run(
            """
            mkdir "$FOLDER/bin"
            printf '#!/bin/sh\\n[ "$4" = %s ] && grep "^$3=" "%s"\\n' '\(unit)' "$FOLDER/properties" > "$FOLDER/bin/systemctl"
            chmod 755 "$FOLDER/bin/systemctl"
            PATH="$FOLDER/bin:$PATH" deploy/ufw/podoru-open --dry-run --config "$FOLDER/\(file)"
            """, ["PODORU": Shell.podoru.path, "FOLDER": folder.path])
    }

    @Test(arguments: ["podoru.service", "podoru@b.service"]) func theServicesVariablesCount(unit: String) throws {
        let file = unit.contains("@") ? "b.yaml" : "node.yaml"
        let result = try open(
            "p2p_port: 9123\n", unit: unit, file: file,
            """
            ExecStart={ path=/usr/bin/podoru ; argv[]=/usr/bin/podoru run --config FOLDER/\(file) ; ignore_errors=no }
            Environment=PODORU_P2P_PORT=9124 "PODORU_BOOTSTRAP_PEERS=a:1, b:2" "OTHER=\\"x"

            """)
        #expect(result.output.contains("port 9124 "), "\(result.output)\(result.errors)")
    }

    @Test func theServicesVariablesOfAFileCountMore() throws {
        let result = try open(
            "p2p_port: 9123\n", unit: "podoru.service",
            """
            ExecStart={ path=/usr/bin/podoru ; argv[]=/usr/bin/podoru run --config FOLDER/node.yaml ; ignore_errors=no }
            Environment=PODORU_P2P_PORT=9124
            EnvironmentFiles=FOLDER/properties (ignore_errors=no)
            PODORU_P2P_PORT='9125'

            """)
        #expect(result.output.contains("port 9125 "), "\(result.output)\(result.errors)")
    }

    @Test func aServiceOfAnotherFileDoesNotCount() throws {
        let result = try open(
            "p2p_port: 9123\n", unit: "podoru.service",
            """
            ExecStart={ path=/usr/bin/podoru ; argv[]=/usr/bin/podoru run --config /etc/podoru/node.yaml ; ignore_errors=no }
            Environment=PODORU_P2P_PORT=9124

            """)
        #expect(result.output.contains("port 9123 "), "\(result.output)\(result.errors)")
    }

    @Test func rulesAreTakenAway() throws {
        #expect(try open("", "--dry-run --delete").output.hasPrefix("ufw --force delete allow proto tcp"))
    }

    @Test func anAPIThatOnlyThisMachineReachesIsNotOpened() throws {
        let result = try open("", "--dry-run --api")
        #expect(result.code == 78)
        #expect(result.errors.contains("api_bind_addr is 127.0.0.1"))
    }

    @Test func aLoopbackPortNeedsNoRule() throws {
        let result = try open("p2p_bind_addr: 127.0.0.1\n", "--dry-run")
        #expect(result.code == 0 && result.output.isEmpty)
    }

    @Test func aBrokenConfigurationOpensNothing() throws {
        let result = try open("p2p_prt: 1\n", "--dry-run")
        #expect(result.code == 78 && result.output.isEmpty)
        #expect(result.errors.contains("p2p_port"))
    }

    @Test(arguments: ["--frmo x", "--from 10.0.0.0/8", "--config"]) func aMistypedLineIsUsage(arguments: String) throws {
        let result = try Shell.run("deploy/ufw/podoru-open \(arguments)")
        #expect(result.code == 64)
        #expect(result.errors.contains("podoru-open: "))
    }

    @Test func withoutTheCommandItSaysSo() throws {
        let result = try Shell.run("deploy/ufw/podoru-open --dry-run", ["PODORU": "/nowhere/podoru"])
        #expect(result.code == 69 && result.errors.contains("podoru is not on the PATH"))
    }
}
