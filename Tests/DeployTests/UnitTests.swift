import Foundation
import Testing

/// The service file, read by systemd's own tools.
@Suite(.enabled(if: Shell.has("systemd-analyze"), "systemd-analyze is not installed: the unit is not checked"))
struct UnitTests {
    /// The unit as it is installed, in a folder with a command that it can start.
    private func withUnit<R>(_ body: (URL) throws -> R) throws -> R {
        let folder = try Shell.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let command = folder.appendingPathComponent("podoru")
        try FileManager.default.createSymbolicLink(atPath: command.path, withDestinationPath: "/bin/true")
        let unit = folder.appendingPathComponent("podoru.service")
        try Shell.read("systemd/podoru.service.in")
            .replacingOccurrences(of: "@BINDIR@", with: folder.path).replacingOccurrences(of: "@SYSCONFDIR@", with: "/etc")
            .write(to: unit, atomically: true, encoding: .utf8)
        return try body(unit)
    }

    @Test func systemdFindsNothingToSay() throws {
        try withUnit { unit in
            let result = try Shell.run("systemd-analyze verify --man=no '\(unit.path)'")
            #expect(result.code == 0)
            #expect(result.output + result.errors == "")
        }
    }

    @Test func itsExposureIsAtMostTwo() throws {
        try withUnit { unit in
            let result = try Shell.run("systemd-analyze security --offline=true --threshold=20 '\(unit.path)'")
            let last = result.output.split(separator: "\n").last { $0.contains("exposure level") }.map(String.init) ?? result.errors
            #expect(result.code == 0, "\(last)")
            let level = try #require(last.split(separator: " ").compactMap { Double($0) }.first)
            #expect(level <= 2.0, "\(last)")
        }
    }

    @Test func aMistakeThatStaysIsNotRetried() throws {
        let unit = try Shell.read("systemd/podoru.service.in")
        #expect(unit.contains("\nRestartPreventExitStatus=64 65 77 78\n"))
        #expect(unit.contains("\nType=notify\n") && unit.contains("\nWatchdogSec=") && unit.contains("\nExecReload="))
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
        let folder = try Shell.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("node.yaml")
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
