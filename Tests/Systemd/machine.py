"""A machine of its own with systemd as its first process: a Debian tree in systemd-nspawn, without a network but its loopback."""

import glob
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".build-systemd"
# What the package does not depend on and the test needs: an init, its bus, and tools to look around with.
PACKAGES = ["systemd-sysv", "dbus", "procps", "curl"]
TOOLS = ["systemd-nspawn", "debootstrap", "dpkg-deb", "nsenter", "setpriv"]


def missing_tools():
    return [tool for tool in TOOLS if shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]


def dependencies(package):
    """The packages that a .deb needs, the first of each choice."""
    text = subprocess.run(["dpkg-deb", "-f", package, "Depends"], check=True, capture_output=True, text=True).stdout
    return [choice.split("|")[0].split("(")[0].strip() for choice in text.split(",")]


def base_tree(package):
    """A tree with all that `package` depends on. Made once for each list of packages, then kept in .build-systemd."""
    names = sorted(set(PACKAGES + dependencies(package)))
    release = dict(line.strip().split("=", 1) for line in open("/etc/os-release") if "=" in line)
    # The binary is linked against the libraries of this machine's release.
    suite = os.environ.get("SUITE") or release.get("VERSION_CODENAME", "").strip('"') or "stable"
    key = hashlib.sha256(" ".join([suite] + names).encode()).hexdigest()[:12]
    tree = CACHE / f"base-{suite}-{key}"
    if not tree.exists():
        print(f"making a Debian tree in {tree} (once, some minutes)", flush=True)
        CACHE.mkdir(exist_ok=True)
        part = CACHE / f"{tree.name}.part"
        shutil.rmtree(part, ignore_errors=True)
        command = ["debootstrap", "--variant=minbase", "--include=" + ",".join(names), suite, str(part)]
        if os.environ.get("MIRROR"):
            command.append(os.environ["MIRROR"])
        with open(CACHE / "debootstrap.log", "w") as log:
            if subprocess.run(command, stdout=log, stderr=subprocess.STDOUT).returncode != 0:
                raise SystemExit(f"debootstrap failed: see {log.name}; MIRROR= names another mirror")
        part.rename(tree)
    return tree


class Result:
    def __init__(self, code, output):
        self.code = code
        self.output = output


class Machine:
    """Boots at the beginning of a `with` block; ended and removed at its end."""

    def __init__(self, base, shown=()):
        """`shown` are folders of this machine that the other one sees at the same place, for reading."""
        # What a run that was killed has left.
        for left in glob.glob(str(CACHE / "machine-*")):
            if not pathlib.Path("/proc", left.rsplit("-", 1)[1]).exists():
                shutil.rmtree(left, ignore_errors=True)
        self.root = CACHE / f"machine-{os.getpid()}"
        self.base = base
        self.shown = [f"--bind-ro={folder}" for folder in shown]
        self.process = None
        self.leader = None

    def __enter__(self):
        try:
            subprocess.run(["cp", "-a", "--reflink=auto", self.base, self.root], check=True)
            (self.root / "etc/machine-id").write_text("")
            self.console = open(CACHE / "console.log", "w")
            # It ends with this process, however that ends.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "systemd-nspawn", "--quiet", "--boot", "--private-network", "--register=no", "--keep-unit",
                 "--link-journal=no", "--console=pipe", f"--machine=podoru-{os.getpid()}", *self.shown, "-D", str(self.root)],
                stdin=subprocess.DEVNULL, stdout=self.console, stderr=subprocess.STDOUT)
            self.leader = self._find_leader()
            self.eventually("it has booted", lambda: self.run("systemctl is-system-running").output.strip() in ("running", "degraded"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def _find_leader(self):
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
            # Its name changes once it is systemd.
            for child in found:
                if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return int(child)
            time.sleep(0.1)
        raise SystemExit(f"systemd-nspawn does not start: see {self.console.name}")

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            # Its power button.
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    def run(self, script, timeout=120):
        """Runs a script of sh in the machine, as root: its code, and all that it wrote."""
        command = ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-r", "-w", "env", "-i",
                   "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
                   "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0", "sh", "-c", script]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        return Result(done.returncode, done.stdout.decode(errors="replace"))

    def sure(self, script, timeout=120):
        """The same for what must work: its output."""
        result = self.run(script, timeout)
        if result.code != 0:
            raise AssertionError(f"`{script}` ended with {result.code}: {result.output}")
        return result.output

    def eventually(self, what, condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {what}")
            time.sleep(0.2)

    def put(self, path, text, mode=0o644):
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def bring(self, file, name):
        """Copies a file of this machine to the root folder of that one. Two packages of one version have one name here."""
        shutil.copy(file, self.root / "root" / name)
        return f"/root/{name}"
