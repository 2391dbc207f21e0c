import Foundation
import TestKit
import Testing

/// A bare machine in a folder: what `make install` puts in place, the libraries that the binary names, the service's user, and
/// nothing else. Its processes live in namespaces of their own; nothing of the machine around is seen or changed.
final class StagedMachine {
    let root: URL
    let unit: ServiceUnit
    let manager: FakeServiceManager
    /// What the test itself put in the tree, which no uninstall knows.
    let borrowed: Set<String>
    private var process: TestProcess?
    private let start = Pipe()
    private let directory = TemporaryDirectory()
    private var scratch: URL { directory.url }

    /// The command as `make install` installs it: with the Swift runtime inside.
    static let release = Shell.root.appendingPathComponent(".build/release/podoru")

    /// Whether this machine can play another one. The binary must be that of the sources, which `make build` sees to.
    static let isPossible: Bool = {
        let tools = ["make", "unshare", "nsenter", "ip", "python3", "ldd", "systemd-sysusers", "systemd-tmpfiles"]
        guard tools.allSatisfy(Shell.has), Shell.isRoot else { return false }
        return Shell.skipsNothing || (isReleaseFresh && (try? Shell.run("unshare -mnpui --fork true").code) == 0)
    }()

    static let isReleaseFresh: Bool = {
        let newest = "find Sources CSystemShims Package.swift -newer '\(release.path)' -type f | head -n 1"
        guard FileManager.default.isExecutableFile(atPath: release.path), let found = try? Shell.run(newest) else { return false }
        return found.output.isEmpty
    }()

    static let condition: Comment = """
        a release build (make build), root, namespaces and make, ip, python3, systemd-sysusers, systemd-tmpfiles are needed: \
        the installed tree is not run
        """

    init() throws {
        root = directory.url.appendingPathComponent("root")
        manager = try FakeServiceManager()
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        let installed = try Shell.run("make -s install-files DESTDIR='\(root.path)' RELEASE=.build/release")
        try #require(installed.code == 0, "\(installed.errors)")
        unit = ServiceUnit(
            try String(contentsOf: root.appendingPathComponent("usr/local/lib/systemd/system/podoru.service"), encoding: .utf8))
        let before = try StagedMachine.files(root)
        // What systemd does before it starts the service; the folders for it to mount on.
        let result = try Shell.run(
            """
            set -e
            mkdir -p "$ROOT/proc" "$ROOT/dev" "$ROOT/tmp" "$ROOT/run/podoru" "$ROOT/var/lib/podoru"
            for file in $(ldd "$ROOT/usr/local/bin/podoru" | grep -o '/[^ ]*'); do
                mkdir -p "$ROOT$(dirname "$file")"
                cp -L "$file" "$ROOT$file"
            done
            systemd-sysusers --root="$ROOT"
            systemd-tmpfiles --root="$ROOT" --create podoru.conf
            chown "$(stat -c %u:%g "$ROOT/var/lib/podoru")" "$ROOT/run/podoru"
            chmod "$STATE" "$ROOT/var/lib/podoru"; chmod "$RUNTIME" "$ROOT/run/podoru"
            : > "$ROOT/run/notify"
            """,
            [
                "ROOT": root.path, "STATE": unit["StateDirectoryMode"] ?? "", "RUNTIME": unit["RuntimeDirectoryMode"] ?? "",
            ])
        try #require(result.code == 0, "\(result.errors)")
        borrowed = try StagedMachine.files(root).subtracting(before)
    }

    /// All files in a tree, by their path in it.
    static func files(_ root: URL) throws -> Set<String> {
        Set(
            try FileManager.default.subpathsOfDirectory(atPath: root.path).filter { path in
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path, isDirectory: &isFolder)
                    && !isFolder.boolValue
            })
    }

    func file(_ path: String) -> URL { root.appendingPathComponent(path) }
    var log: String { (try? String(contentsOf: scratch.appendingPathComponent("log"), encoding: .utf8)) ?? "" }
    var trace: URL { scratch.appendingPathComponent("trace") }

    /// The line of the service's user in a file of the tree, such as `etc/passwd`, in fields.
    func account(_ name: String, in path: String) throws -> [String] {
        let lines = try String(contentsOf: file(path), encoding: .utf8).split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("\(name):") }, "\(path) has no \(name)")
        return line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }

    // MARK: Running

    /// Begins the machine: its namespaces are there, the service waits for `startService`.
    ///
    /// - Parameter isTraced: whether strace writes the system calls of the service to `trace`.
    func boot(isTraced: Bool = false) async throws {
        let command = try #require(unit.command, "ExecStart needs systemd to be read: \(unit["ExecStart"] ?? "")")
        let user = try account(try #require(unit["User"]), in: "etc/passwd")
        let group = try account(try #require(unit["Group"]), in: "etc/group")
        // As ProtectSystem=strict has it: all is read only but the service's own folders. As ProcSubset=pid, ProtectProc=invisible and
        // PrivateDevices=yes have it: of /proc only its processes, of /dev only what is none.
        let script = """
            set -e
            read -r holder _ < /proc/self/stat; echo "$holder" > "$SCRATCH/holder"
            mount --make-rprivate /
            mount --bind "$ROOT" "$ROOT"
            for folder in var/lib/podoru run/podoru tmp; do mount --bind "$ROOT/$folder" "$ROOT/$folder"; done
            mount --bind "$SOCKET" "$ROOT/run/notify"
            mount -t proc -o subset=pid,hidepid=invisible proc "$ROOT/proc"
            mount -t tmpfs -o size=64k tmpfs "$ROOT/dev"
            for name in null zero full random urandom; do : > "$ROOT/dev/$name"; mount --bind "/dev/$name" "$ROOT/dev/$name"; done
            mount -o remount,bind,ro "$ROOT"
            hostname staged
            ip link set lo up
            read -r go
            (
                read -r service _ < /proc/self/stat; echo "$service" > "$SCRATCH/service"
                umask "$UNIT_UMASK"; ulimit -c 0; ulimit -n "$UNIT_NOFILE"
                exec $TRACER env -i PATH=/usr/local/bin:/usr/bin HOME=/var/lib/podoru NOTIFY_SOCKET=/run/notify WATCHDOG_USEC=1500000 \\
                    setpriv --no-new-privs --inh-caps=-all -- \\
                    unshare --root="$ROOT" --wd="$UNIT_FOLDER" --setgid="$GID" --setuid="$UID_" -- "$@" 2>> "$SCRATCH/log"
            ) &
            code=0; wait $! || code=$?; exit $code
            """
        let environment = [
            "PATH": Shell.path, "ROOT": root.path, "SCRATCH": scratch.path, "SOCKET": manager.path, "UID_": user[2], "GID": group[2],
            "UNIT_UMASK": unit["UMask"] ?? "", "UNIT_NOFILE": unit["LimitNOFILE"] ?? "", "UNIT_FOLDER": unit["WorkingDirectory"] ?? "",
            "TRACER": isTraced ? "strace -f -qq -s 64 -o \(trace.path)" : "",
        ]
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: manager.path)
        process = try TestProcess(
            ["/bin/sh", "-c", "exec unshare -m -n -p -u -i --fork --kill-child /bin/sh -c \"$0\" sh \"$@\"", script] + command,
            in: Shell.root, environment: environment, log: scratch.appendingPathComponent("log"), input: start)
        try await eventually("the machine is there") { holder != nil }
    }

    /// Lets the service start, as the unit says.
    func startService() throws {
        try start.fileHandleForWriting.write(contentsOf: Data("go\n".utf8))
    }

    /// The process that holds the machine's namespaces, and the one of the service; as this machine counts them.
    var holder: Int32? { pid("holder") }
    var service: Int32? { pid("service") }

    private func pid(_ name: String) -> Int32? {
        let text = try? String(contentsOf: scratch.appendingPathComponent(name), encoding: .utf8)
        return text.flatMap { $0.hasSuffix("\n") ? Int32($0.dropLast()) : nil }
    }

    /// Waits until the service manager was told so.
    func hears(_ line: String) async throws {
        var told: [String] = []
        try await eventually("the service manager hears \(line)") {
            while let datagram = manager.next() { told += datagram.split(separator: "\n").map(String.init) }
            return told.contains(line)
        }
    }

    /// Runs a script of the machine around in the network of this one.
    func inItsNetwork(_ script: String) throws -> Shell.Result {
        let holder = try #require(self.holder)
        return try Shell.run("nsenter --target \(holder) --net -- /bin/sh -c \"$SCRIPT\"", ["SCRIPT": script])
    }

    /// What the API answers to a GET, as a JSON object's `data`.
    func get(_ path: String) throws -> [String: Any] {
        let client = "import sys, urllib.request as r; sys.stdout.write(r.urlopen(sys.argv[1], timeout=20).read().decode())"
        let result = try inItsNetwork("python3 -c '\(client)' http://127.0.0.1:8545\(path)")
        try #require(result.code == 0, "\(result.errors)\(log)")
        let answer = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        return try #require(answer?["data"] as? [String: Any], "\(result.output)")
    }

    /// A cable between two machines: this one is 10.90.0.1, the other 10.90.0.2.
    func connect(to other: StagedMachine) throws {
        let (one, two) = (try #require(holder), try #require(other.holder))
        let cable = try Shell.run("ip link add wire0 netns \(one) type veth peer name wire0 netns \(two)")
        try #require(cable.code == 0, "\(cable.errors)")
        for (machine, address) in [(self, "10.90.0.1/24"), (other, "10.90.0.2/24")] {
            let result = try machine.inItsNetwork("ip addr add \(address) dev wire0 && ip link set wire0 up")
            try #require(result.code == 0, "\(result.errors)")
        }
    }

    /// SIGTERM to the service, as systemd sends it: its exit code.
    func stopService() async throws -> Int32 {
        kill(try #require(service), SIGTERM)
        return try await process?.end().code ?? -1
    }

    func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
        try await TestKit.eventually(what, state: log, condition)
    }
}
