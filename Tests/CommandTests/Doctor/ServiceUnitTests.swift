import Testing

@testable import podoru

/// What systemd says of the service, read and judged.
@Suite struct ServiceUnitTests {
    static let producer = """
        LoadState=loaded
        ActiveState=active
        Result=success
        UnitFileState=enabled
        User=podoru
        WorkingDirectory=/var/lib/podoru
        ExecStart={ path=/usr/bin/podoru ; argv[]=/usr/bin/podoru run --config /etc/podoru/node.yaml ; ignore_errors=no ; pid=0 }
        Environment=PODORU_NODE_TYPE=producer PODORU_PRIVATE_KEY=/run/credentials/podoru.service/producer.key "PODORU_BOOTSTRAP_PEERS=a:1, b:2"
        LoadCredential=producer.key:/etc/podoru/producer.key
        LimitNOFILE=16384
        MainPID=4711
        NRestarts=0

        """

    private func finding(_ change: (inout ServiceUnit) -> Void) throws -> DoctorFinding {
        var unit = try #require(ServiceUnit(Self.producer))
        change(&unit)
        return ServiceFacts.unit(unit).finding
    }

    @Test func everyPropertyIsRead() throws {
        let unit = try #require(ServiceUnit(Self.producer))
        #expect(unit.isInstalled && unit.isEnabled && unit.user == "podoru" && unit.workingDirectory == "/var/lib/podoru")
        #expect(unit.arguments == ["/usr/bin/podoru", "run", "--config", "/etc/podoru/node.yaml"])
        #expect(unit.runs("/etc/podoru/node.yaml") && !unit.runs("/etc/podoru/other.yaml"))
        #expect(unit.environment["PODORU_NODE_TYPE"] == "producer" && unit.environment["PODORU_BOOTSTRAP_PEERS"] == "a:1, b:2")
        #expect(unit.credentials == ["producer.key": "/etc/podoru/producer.key"])
        #expect(unit.openFiles == 16_384 && unit.mainProcess == 4711 && unit.restarts == 0)
    }

    @Test func anErrorIsNoUnit() {
        #expect(ServiceUnit("System has not been booted with systemd as init system (PID 1). Can't operate.\n") == nil)
        #expect(ServiceFacts.unknown("there is no systemd").finding.outcome == .skipped)
    }

    @Test func theStateIsJudged() throws {
        #expect(try finding { _ in } == .ok(.service, "podoru.service is active"))
        #expect(try finding { $0.restarts = 3 }.outcome == .warning)
        #expect(try finding { $0.activeState = "failed" }.outcome == .failure)
        #expect(try finding { $0.activeState = "activating" }.outcome == .warning)
        #expect(try finding { $0.activeState = "inactive" }.outcome == .warning)
        #expect(
            try finding {
                $0.activeState = "inactive"
                $0.isEnabled = false
            }.outcome == .ok)
        #expect(try finding { $0.loadState = "not-found" }.outcome == .skipped)
    }
}
