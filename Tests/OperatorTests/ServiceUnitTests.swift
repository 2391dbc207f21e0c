import Testing

@testable import Operator

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

    @Test func aFileNamedLikeAnInstanceIsAskedForUnderBothNames() {
        let command = ServiceUnit.command(for: "/etc/podoru/b2.yaml")
        #expect(command.prefix(4) == ["show", "--no-pager", "podoru.service", "podoru@b2.service"])
        #expect(ServiceUnit.command(for: "/etc/podoru/a-b.yaml")[3] == "-p", "systemd would write it otherwise")
        #expect(ServiceUnit.command(for: "/etc/podoru/.yaml")[3] == "-p")
    }

    @Test func severalUnitsAreReadApart() throws {
        let units = ServiceUnit.all(in: "Id=podoru.service\nLoadState=loaded\n\nLoadState=loaded\nId=podoru@b.service\nUser=other\n")
        #expect(units.map(\.name) == ["podoru.service", "podoru@b.service"] && units.map(\.user) == ["", "other"])
        #expect(units[1].shortName == "podoru@b")
    }

    /// As systemd 252 writes it.
    @Test func credentialsThatShowDoesNotPrintComeFromTheFiles() throws {
        var unit = try #require(ServiceUnit("Id=podoru@b.service\nLoadState=loaded\nLoadCredential=[unprintable]\n"))
        #expect(unit.credentials.isEmpty)
        unit.readCredentials(
            inFiles: "# /etc/x.conf\n[Service]\nLoadCredential=old:/old\nLoadCredential=\nLoadCredential=producer.key:/etc/podoru/%i.key\n")
        #expect(unit.credentials == ["producer.key": "/etc/podoru/b.key"])
    }

    @Test func variablesOfAFileStandAboveThoseOfTheUnit() throws {
        var unit = try #require(
            ServiceUnit("LoadState=loaded\nEnvironment=PODORU_P2P_PORT=1 A=b\nEnvironmentFiles=/etc/default/podoru (ignore_errors=yes)\n"))
        #expect(unit.environmentFiles == ["/etc/default/podoru"])
        unit.readVariables(inFile: "# of the operator\nPODORU_P2P_PORT=2\n;C=d\nPODORU_PEERS=\"a:1, b:2\"\nQUOTED='x y'\nnothing\n")
        #expect(unit.environment == ["PODORU_P2P_PORT": "2", "A": "b", "PODORU_PEERS": "a:1, b:2", "QUOTED": "x y"])
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

/// What a unit's sandbox lets its service do.
@Suite struct ServiceSandboxTests {
    private static let shipped = """
        LoadState=loaded
        ProtectSystem=strict
        ProtectHome=yes
        PrivateTmp=yes
        PrivateUsers=yes
        StateDirectory=podoru
        RuntimeDirectory=podoru
        CapabilityBoundingSet=
        AmbientCapabilities=
        """

    private func sandbox(_ lines: String...) throws -> ServiceSandbox {
        try #require(ServiceUnit(([Self.shipped] + lines).joined(separator: "\n"))).sandbox
    }

    @Test(arguments: [
        ("/var/lib/podoru", ServiceSandbox.Access.writable), ("/var/lib/podoru/data", .writable), ("/run/podoru/admin.sock", .writable),
        ("/var/lib/podoru2", .readOnly), ("/srv/podoru", .readOnly), ("/", .readOnly), ("/tmp/x", .writable), ("/home/me/data", .hidden),
        ("/root", .hidden), ("/rootless", .readOnly),
    ])
    func theUnitWritesToItsOwnFoldersAlone(path: String, access: ServiceSandbox.Access) throws {
        #expect(try sandbox().access(to: path) == access)
    }

    @Test func aDropInOpensAFolder() throws {
        let open = try sandbox("ReadWritePaths=-/srv/podoru /mnt/disk", "ReadOnlyPaths=/mnt/disk/old", "BindPaths=/dev/disk:/data:rbind")
        #expect(open.access(to: "/srv/podoru/data") == .writable && open.access(to: "/mnt/disk") == .writable)
        #expect(open.access(to: "/mnt/disk/old/x") == .readOnly, "the nearest rule counts")
        #expect(open.access(to: "/data") == .writable && open.access(to: "/srv") == .readOnly)
        #expect(try sandbox("ReadWritePaths=/home/me").access(to: "/home/me") == .hidden, "what is hidden stays so")
    }

    @Test(arguments: [
        ("no", ServiceSandbox.Access.writable, ServiceSandbox.Access.writable), ("yes", .writable, .readOnly),
        ("full", .readOnly, .readOnly),
    ])
    func weakerProtectionsLeaveMore(value: String, etc: ServiceSandbox.Access, usr: ServiceSandbox.Access) throws {
        let unit = try #require(ServiceUnit("LoadState=loaded\nProtectSystem=\(value)\nProtectHome=read-only\n"))
        #expect(unit.sandbox.access(to: "/etc/x") == etc && unit.sandbox.access(to: "/usr/x") == usr)
        #expect(unit.sandbox.access(to: "/home/me") == .readOnly && unit.sandbox.access(to: "/srv") == .writable)
    }

    @Test func lowPortsTakeACapabilityThatCounts() throws {
        let capability = "CapabilityBoundingSet=cap_net_bind_service\nAmbientCapabilities=cap_net_bind_service"
        #expect(try !sandbox().mayTakeLowPorts(isRoot: false))
        #expect(try !sandbox(capability).mayTakeLowPorts(isRoot: false), "in a user namespace of its own it counts for nothing")
        #expect(try sandbox(capability, "PrivateUsers=no").mayTakeLowPorts(isRoot: false))
        #expect(try !sandbox("PrivateUsers=no").mayTakeLowPorts(isRoot: true), "the bounding set is empty")
        let open = try #require(ServiceUnit("LoadState=loaded\n")).sandbox
        #expect(open.mayTakeLowPorts(isRoot: true) && !open.mayTakeLowPorts(isRoot: false))
    }
}
