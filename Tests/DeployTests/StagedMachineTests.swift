import Foundation
import TestKit
import Testing

/// The installed tree on a machine that has nothing else, no Swift above all: started by the unit's own line, as the service's user.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: StagedMachine.isPossible, StagedMachine.condition))
struct StagedMachineTests {
    private static let genesis = Vectors.folder.appendingPathComponent("genesis.json").path

    /// What an operator does after `make install`: the genesis in its place, the bootstrap peers in the configuration.
    private func configure(_ machine: StagedMachine, bootstrap: String? = nil) throws {
        try FileManager.default.copyItem(atPath: Self.genesis, toPath: machine.file("etc/podoru/genesis.json").path)
        guard let bootstrap else { return }
        let result = try Shell.run(
            "sed -i 's|^#bootstrap_peers: .*|bootstrap_peers: [\"\(bootstrap)\"]|' '\(machine.file("etc/podoru/node.yaml").path)'")
        try #require(result.code == 0)
    }

    private func withMachine(_ body: (StagedMachine) async throws -> Void) async throws {
        let machine = try StagedMachine()
        try await body(machine)
    }

    @Test func theBinaryNeedsNoLibraryOfSwift() async throws {
        try await withMachine { machine in
            let libraries = machine.borrowed.map { URL(fileURLWithPath: $0).lastPathComponent }.filter { $0.contains(".so") }
            let known = [
                "libuv.so", "libyaml-0.so", "libz.so", "libsecp256k1.so", "liblmdb.so", "libc.so", "libm.so", "libpthread.so",
                "libdl.so", "librt.so", "libgcc_s.so", "libstdc++.so", "ld-linux",
            ]
            #expect(libraries.count > 5)
            #expect(libraries.filter { library in !known.contains { library.hasPrefix($0) } } == [])
        }
    }

    @Test func itServesPeersAndTheAPIAndLeavesOnlyConfigurationAndData() async throws {
        try await withMachine { machine in
            try configure(machine)
            try await machine.boot()
            try machine.startService()
            try await machine.hears("READY=1")
            let service = try #require(machine.service)
            let status = try String(contentsOfFile: "/proc/\(service)/status", encoding: .utf8)
            let (user, group) = (try machine.account("podoru", in: "etc/passwd")[2], try machine.account("podoru", in: "etc/group")[2])
            #expect(status.contains("\nUid:\t\(user)\t\(user)\t\(user)\t\(user)\n") && user != "0")
            #expect(status.contains("\nGid:\t\(group)\t\(group)\t\(group)\t\(group)\n") && status.contains("\nGroups:\t \n"))
            #expect(status.contains("\nCapEff:\t0000000000000000\n") && status.contains("\nNoNewPrivs:\t1\n"))
            #expect(status.contains("\nUmask:\t0027\n"))

            let node = try machine.get("/api/v1/node/info")
            #expect(node["node_type"] as? String == "full" && node["version"] as? String == "1.0.0", "\(node)")
            let hello = try machine.inItsNetwork("python3 Tests/Peer/podoru_peer.py hello 127.0.0.1:9000")
            #expect(hello.code == 0 && hello.output.contains("\"ChainID\""), "\(hello.errors)")
            let block = try machine.inItsNetwork("python3 Tests/Peer/podoru_peer.py fetch 127.0.0.1:9000 0-0")
            #expect(block.code == 0 && block.output.contains("\"height\""), "\(block.errors)")
            #expect(FileManager.default.fileExists(atPath: machine.file("run/podoru/admin.sock").path))

            #expect(try await machine.stopService() == 0, "\(machine.log)")
            #expect(machine.log.contains("stopped"))
            let uninstalled = try Shell.run("make -s uninstall DESTDIR='\(machine.root.path)'")
            #expect(uninstalled.code == 0, "\(uninstalled.errors)")
            let left = try StagedMachine.files(machine.root).subtracting(machine.borrowed)
            let outsideOfTheData = left.filter { !$0.hasPrefix("var/lib/podoru/") }.sorted()
            #expect(outsideOfTheData == ["etc/podoru/genesis.json", "etc/podoru/node.yaml"])
            #expect(left.isSuperset(of: ["var/lib/podoru/data.mdb", "var/lib/podoru/node.key"]))
        }
    }

    @Test func aSecondMachineSyncsOverTheNetwork() async throws {
        try await withMachine { first in
            try await withMachine { second in
                try configure(first)
                try configure(second, bootstrap: "10.90.0.1:9000")
                let store = first.file("var/lib/podoru").path
                let chain = Vectors.folder.appendingPathComponent("chain-130.jsonl.gz").path
                let imported = try Shell.run(
                    "\(StagedMachine.release.path) import --data-dir '\(store)' --genesis '\(Self.genesis)' '\(chain)' && "
                        + "chown -R --reference='\(store)' '\(store)'")
                try #require(imported.code == 0, "\(imported.errors)")
                try await first.boot()
                try await second.boot()
                try first.connect(to: second)
                for machine in [first, second] { try machine.startService() }
                for machine in [first, second] { try await machine.hears("READY=1") }
                let hash = try first.get("/api/v1/chain/info")["latest_block_hash"] as? String
                try await second.eventually("it has the chain") { try second.get("/api/v1/chain/info")["height"] as? Int == 130 }
                #expect(try second.get("/api/v1/chain/info")["latest_block_hash"] as? String == hash && hash != nil)
                for machine in [first, second] { #expect(try await machine.stopService() == 0, "\(machine.log)") }
            }
        }
    }

    @Test(
        .enabled(
            if: Shell.has("strace") && Shell.has("systemd-analyze"),
            "strace and systemd-analyze are needed: the system calls are not held against the unit's filter"))
    func itMakesOnlySystemCallsThatTheUnitAllows() async throws {
        try await withMachine { machine in
            try configure(machine, bootstrap: "localhost:9001")
            try await machine.boot(isTraced: true)
            try machine.startService()
            try await machine.hears("READY=1")
            _ = try machine.get("/api/v1/node/info")
            let fetch = try machine.inItsNetwork("python3 Tests/Peer/podoru_peer.py fetch 127.0.0.1:9000 0-0")
            #expect(fetch.code == 0, "\(fetch.errors)")
            let tracer = try #require(machine.service)
            let children = try String(contentsOfFile: "/proc/\(tracer)/task/\(tracer)/children", encoding: .utf8)
            let service = try #require(children.split(separator: " ").compactMap { Int32($0) }.first)
            kill(service, SIGHUP)
            try await machine.hears("RELOADING=1")
            kill(service, SIGTERM)
            try await machine.eventually("the service ends") { machine.log.contains("stopped") && kill(service, 0) != 0 }

            let trace = try SystemCallTrace(
                String(contentsOf: machine.trace, encoding: .utf8), of: try #require(machine.unit.command?.first))
            let allowed = try machine.unit.allowedSystemCalls()
            #expect(allowed.count > 200 && !allowed.contains("setuid") && !allowed.contains("setrlimit"))
            #expect(trace.names.isSuperset(of: ["listen", "accept4", "mmap", "fdatasync"]), "\(trace.names.sorted())")
            #expect(trace.names.subtracting(allowed).sorted() == [])
            let families = Set(machine.unit.list("RestrictAddressFamilies").joined())
            #expect(trace.families.isSuperset(of: ["AF_INET", "AF_UNIX"]))
            // The resolver asks for a netlink socket, and does without where it gets none.
            #expect(trace.families.subtracting(families).subtracting(["AF_NETLINK"]).sorted() == [])
            // MemoryDenyWriteExecute=yes.
            #expect(trace.lines.filter { $0.contains("PROT_WRITE|PROT_EXEC") } == [])
            // Ready is what listens on both ports and has its store open.
            let ready = try #require(trace.lines.firstIndex { $0.contains("READY=1") && $0.contains("sendto(") })
            #expect(trace.lines[..<ready].filter { $0.contains(" listen(") }.count == 3, "peers, API, admin socket")
            #expect(trace.lines[..<ready].contains { $0.contains("data.mdb") && $0.contains("open") })
        }
    }
}

/// What `strace -f` wrote of a process and its threads.
struct SystemCallTrace {
    let lines: [String]
    let names: Set<String>
    /// The families of its sockets.
    let families: Set<String>

    /// - Parameter command: the program; what was called before it began does not count.
    init(_ text: String, of command: String) throws {
        let all = text.split(separator: "\n").map(String.init)
        let begin = try #require(all.firstIndex { $0.contains("execve(\"\(command)\"") && $0.hasSuffix("= 0") })
        lines = Array(all[begin...])
        names = Set(lines.compactMap { $0.firstMatch(of: /^[0-9]+ +([a-z_0-9]+)\(/).map { String($0.1) } })
        families = Set(lines.compactMap { $0.firstMatch(of: /socket\((AF_[A-Z0-9]+),/).map { String($0.1) } })
    }
}
