import Foundation
import TestKit
import Testing

/// `podoru doctor` as root beside a systemd and a ufw that are played by scripts.
@Suite(.timeLimit(.minutes(3)), .enabled(if: geteuid() == 0, "not root: files of other users cannot be made, and ufw is not asked"))
struct DoctorSystemTests {
    let tool: CommandLineTool
    private static let nobody: UInt32 = 65_534

    init() throws {
        tool = try CommandLineTool()
        let address = try tool.run("keygen", "-o", "producer.key").output.line
        _ = try tool.run("genesis", "-a", address, "-o", "genesis.json")
        try FileManager.default.createDirectory(at: tool.folder.appendingPathComponent("bin"), withIntermediateDirectories: true)
        let port = try FreePorts.first(of: 2)
        try tool.write(
            "node.yaml", "genesis_path: \"genesis.json\"\ndata_dir: \"data\"\np2p_port: \(port)\napi_port: \(port + 1)\n",
            mode: 0o644)
    }

    private func play(_ program: String, _ script: String) throws {
        try tool.write("bin/\(program)", "#!/bin/sh\n\(script)\n", mode: 0o755)
    }

    private func examine() throws -> Examined {
        try Examined(tool, environment: ["PATH": "\(tool.folder.path)/bin:/usr/bin:/bin"])
    }

    /// systemd with a service of ours for this folder's configuration.
    private func playSystemd(_ properties: String) throws {
        try play(
            "systemctl",
            """
            cat <<'EOF'
            LoadState=loaded
            ActiveState=inactive
            UnitFileState=disabled
            WorkingDirectory=\(tool.folder.path)
            ExecStart={ path=/usr/bin/podoru ; argv[]=/usr/bin/podoru run --config \(tool.folder.path)/node.yaml ; ignore_errors=no }
            \(properties)
            EOF
            """)
    }

    // MARK: ufw

    private static let rules = """
        Status: active
        Default: deny (incoming), allow (outgoing), disabled (routed)

        To                         Action      From
        --                         ------      ----
        """

    @Test func ufwIsAskedForThePort() throws {
        try play("ufw", "test \"$*\" = 'status verbose' && test \"$LC_ALL\" = C && cat <<'EOF'\n\(Self.rules)\nEOF")
        let closed = try examine()
        #expect(closed.outcomes("firewall") == ["failure"] && closed.remedy("firewall").contains("podoru-open"))
        #expect(closed.code == 69)
        let port = try #require(try tool.read("node.yaml").firstMatch(of: /p2p_port: (\d+)/)).1
        try play("ufw", "cat <<'EOF'\n\(Self.rules)\n\(port)/tcp                   ALLOW IN    Anywhere\nEOF")
        #expect(try examine().outcomes("firewall") == ["ok"])
    }

    @Test func aUfwThatHangsIsEnded() throws {
        try play("ufw", "echo $$ > '\(tool.folder.path)/ufw.pid'; sleep 300")
        let began = ContinuousClock.now
        let report = try examine()
        #expect(report.outcomes("firewall") == ["skipped"] && report.seen("firewall").contains("no answer in time"))
        #expect(ContinuousClock.now - began < .seconds(20))
        let id = try #require(Int32(try tool.read("ufw.pid").line))
        #expect(kill(id, 0) != 0 && errno == ESRCH, "it is gone")
    }

    // MARK: The service

    @Test func theServicesUserMustOwnTheData() throws {
        try playSystemd("User=nobody")
        let data = tool.folder.appendingPathComponent("data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        let foreign = try examine()
        #expect(foreign.outcomes("data") == ["failure"] && foreign.remedy("data").contains("chown -R nobody"))
        #expect(foreign.seen("configuration").contains("run as nobody (by podoru.service)"))
        chown(data.path, Self.nobody, Self.nobody)
        #expect(try examine().outcomes("data") == ["ok"])
        // What a run as root leaves behind.
        try tool.write("data/LOCK", "")
        let left = try examine()
        #expect(left.outcomes("data") == ["failure"] && left.seen("data").contains("LOCK is root's"))
    }

    @Test func theServicesUserMustOwnTheKey() throws {
        let key = tool.folder.appendingPathComponent("producer.key").path
        try playSystemd("User=nobody\nEnvironment=PODORU_NODE_TYPE=producer PODORU_PRIVATE_KEY=\(key)")
        let report = try examine()
        #expect(report.outcomes("key") == ["failure"] && report.seen("key").contains("nobody must be its owner"))
        chown(key, Self.nobody, Self.nobody)
        #expect(try examine().outcomes("key") == ["ok"])
    }

    @Test func aKeyThatSystemdHandsOverIsLookedAtWhereItLies() throws {
        let key = tool.folder.appendingPathComponent("producer.key").path
        try playSystemd(
            """
            User=nobody
            Environment=PODORU_NODE_TYPE=producer PODORU_PRIVATE_KEY=/run/credentials/podoru.service/producer.key
            LoadCredential=producer.key:\(key)
            """)
        let report = try examine()
        #expect(report.outcomes("key") == ["ok"] && report.seen("key").contains("systemd hands over"), "\(report)")
        #expect(report.seen("configuration").hasPrefix("a producer"))
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key)
        #expect(try examine().outcomes("key") == ["failure"])
    }

    @Test func aDataDirOutsideOfTheSandboxFails() throws {
        try playSystemd("ProtectSystem=strict\nStateDirectory=podoru")
        let outside = try examine()
        #expect(outside.outcomes("data") == ["failure"] && outside.remedy("data").contains("ReadWritePaths="), "\(outside)")
        try playSystemd("ProtectSystem=strict\nReadWritePaths=\(tool.folder.path)")
        #expect(try examine().outcomes("data") == ["ok"])
    }

    @Test func whatTheSandboxHidesTheServiceCannotRead() throws {
        let folder = tool.folder.path
        try playSystemd("InaccessiblePaths=-\(folder)")
        let hidden = try examine()
        #expect(hidden.seen("configuration").contains("hidden from podoru.service"), "\(hidden)")
        #expect(hidden.outcomes("genesis") == ["failure"] && hidden.seen("genesis").contains("hidden from podoru.service"), "\(hidden)")
        #expect(hidden.outcomes("data") == ["failure"] && hidden.seen("data").contains("hidden from podoru.service"), "\(hidden)")
    }

    @Test func anAdminSocketOutsideOfTheSandboxFails() throws {
        let variable = "Environment=PODORU_API_ADMIN_SOCKET=/srv/admin.sock PODORU_DATA_DIR=/run/podoru"
        try playSystemd("ProtectSystem=strict\nRuntimeDirectory=podoru\n\(variable)")
        let report = try examine()
        #expect(report.all("data").contains { $0.contains("cannot make the admin socket /srv/admin.sock") }, "\(report)")
        #expect(report.description.contains("`api_admin_socket: /run/podoru/admin.sock`"), "\(report)")
        try playSystemd("ProtectSystem=no\n\(variable)")
        #expect(try !examine().description.contains("admin socket"))
    }

    @Test func aConfigurationThatTheServiceCannotReadFails() throws {
        try playSystemd("User=nobody")
        #expect(try examine().outcomes("configuration") == ["ok"])
        chmod(tool.folder.appendingPathComponent("node.yaml").path, 0o640)
        let report = try examine()
        #expect(report.outcomes("configuration") == ["failure"] && report.remedy("configuration").contains("chgrp nobody"), "\(report)")
    }

    @Test func aGenesisBelowAFolderThatTheServiceMayNotEnterFails() throws {
        try playSystemd("User=nobody")
        let folder = tool.folder.appendingPathComponent("closed").path
        mkdir(folder, 0o700)
        try tool.write("closed/genesis.json", try tool.read("genesis.json"), mode: 0o644)
        let report = try Examined(
            tool, environment: ["PATH": "\(tool.folder.path)/bin:/usr/bin:/bin", "PODORU_GENESIS_PATH": "\(folder)/genesis.json"])
        #expect(
            report.outcomes("genesis") == ["failure"] && report.seen("genesis").contains("closed is root's with mode 0700"), "\(report)")
    }

    // MARK: Who may not look

    /// As a user who owns nothing here.
    private static let asNobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    @Test func whoMayNotReadTheConfigurationIsToldSo() throws {
        let folder = tool.folder.appendingPathComponent("closed").path
        mkdir(folder, 0o700)
        try tool.write("closed/node.yaml", "")
        let result = try tool.run(["doctor", "--config", "\(folder)/node.yaml"], through: Self.asNobody)
        #expect(result.code == 78 && result.output.contains("\(folder)/node.yaml may not be read by this user"), "\(result.output)")
        #expect(!result.output.contains("there is no"))
    }

    @Test func whoMayNotLookIntoAFolderIsNotToldThatItIsEmpty() throws {
        chmod(tool.folder.appendingPathComponent("genesis.json").path, 0o644)
        try tool.write("bin/systemctl", "#!/bin/sh\nexit 1\n", mode: 0o755)
        mkdir(tool.folder.appendingPathComponent("data").path, 0o700)
        try tool.write("data/data.mdb", "x")
        mkdir(tool.folder.appendingPathComponent("keys").path, 0o700)
        try tool.write("keys/node.key", "x")
        try tool.write("node.yaml", try tool.read("node.yaml") + "private_key: keys/node.key\n", mode: 0o644)
        let result = try tool.run(["doctor", "--config", "node.yaml"], through: Self.asNobody)
        #expect(result.output.contains("keys/node.key may not be seen by this user"), "\(result.output)")
        #expect(!result.output.contains("no store yet") && !result.output.contains("there is no key"), "\(result.output)")
    }

    @Test func theServicesLimitOfOpenFilesCounts() throws {
        try playSystemd("LimitNOFILE=100")
        let report = try examine()
        #expect(report.outcomes("limits") == ["warning"] && report.seen("limits").contains("podoru.service may have 100 files open"))
    }

    @Test func aServiceThatFailedIsToldOf() throws {
        try play("systemctl", "printf 'LoadState=loaded\\nActiveState=failed\\nResult=exit-code\\n'")
        let report = try examine()
        #expect(report.outcomes("service") == ["failure"] && report.remedy("service").contains("journalctl -u podoru"))
    }
}
