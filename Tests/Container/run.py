#!/usr/bin/env python3
"""Runs the OCI image that `make image` has built, with runc, as an operator's container engine does.

    sudo python3 Tests/Container/run.py [IMAGE]

IMAGE is an OCI layout (.build/image/podoru). Each container has a network of its own. Ends with 0 when every check held, 1 when one did
not, 69 when this machine lacks what is needed.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TOOLS = ["umoci", "runc"]
USER = 10001


class Container:
    """One run of the image: its bundle, and the process of runc."""

    def __init__(self, unpacked, folder, name, arguments=None, mounts=()):
        self.name = f"podoru-{name}-{os.getpid()}"
        self.bundle = folder / name
        self.bundle.mkdir()
        config = json.loads((unpacked / "config.json").read_text())
        # As `--read-only --cap-drop=all --security-opt=no-new-privileges`; so all of them can have one tree.
        config["root"] = {"path": str(unpacked / "rootfs"), "readonly": True}
        config["process"]["terminal"] = False
        config["process"]["noNewPrivileges"] = True
        config["process"]["capabilities"] = {}
        if arguments:
            config["process"]["args"] = config["process"]["args"][:1] + arguments
        private = {"type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", f"uid={USER}", "mode=0750"]}
        # A volume that nobody names is a fresh one to an engine.
        config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] not in ("/run/podoru", "/var/lib/podoru")]
        config["mounts"].append({"destination": "/run/podoru", **private})
        if not any(destination == "/var/lib/podoru" for _, destination, _ in mounts):
            config["mounts"].append({"destination": "/var/lib/podoru", **private})
        for source, destination, option in mounts:
            config["mounts"].append({"destination": destination, "source": str(source), "type": "bind", "options": ["rbind", option]})
        (self.bundle / "config.json").write_text(json.dumps(config))
        self.log = open(folder / f"{name}.log", "w+b")
        self.process = subprocess.Popen(["runc", "run", "--bundle", str(self.bundle), self.name],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)

    @property
    def said(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def ends(self, seconds=60):
        return self.process.wait(seconds)

    def run(self, *command):
        return subprocess.run(["runc", "exec", self.name, *command], capture_output=True, text=True, timeout=60)

    def pid(self):
        """Of its first process, as this machine counts it."""
        state = json.loads(subprocess.run(["runc", "state", self.name], check=True, capture_output=True, text=True).stdout)
        return state["pid"]

    def kill(self, name):
        os.kill(self.pid(), getattr(signal, name))

    def remove(self):
        subprocess.run(["runc", "delete", "--force", self.name], capture_output=True)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Checks:
    def __init__(self):
        self.held = 0
        self.failed = []

    def check(self, what, holds, seen=""):
        if holds:
            self.held += 1
        else:
            self.failed.append(what)
        print(f"  {'ok' if holds else 'FAILED'}: {what}" + ("" if holds else "".join(f"\n      {line}" for line in str(seen).splitlines())))

    def eventually(self, what, condition, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return self.check(what, False, f"not within {seconds} s")
            time.sleep(0.1)
        self.check(what, True)


def what_the_image_says(checks, image):
    layout, _ = image.rsplit(":", 1)
    blob = lambda digest: json.loads((pathlib.Path(layout) / "blobs" / digest.replace(":", "/")).read_text())
    index = json.loads((pathlib.Path(layout) / "index.json").read_text())
    config = blob(blob(index["manifests"][0]["digest"])["config"]["digest"])["config"]
    checks.check("its user is a number, not root", config["User"] == f"{USER}:{USER}", config)
    checks.check("its ports and its volume are told", set(config["ExposedPorts"]) == {"9000/tcp", "8545/tcp"}
                 and set(config["Volumes"]) == {"/var/lib/podoru"}, config)
    checks.check("SIGTERM stops it", config["StopSignal"] == "SIGTERM", config)


def steps(checks, image, folder):
    what_the_image_says(checks, image)
    unpacked = folder / "unpacked"
    subprocess.run(["umoci", "unpack", "--image", image, unpacked], check=True, capture_output=True)
    containers = []

    def start(name, arguments=None, mounts=()):
        containers.append(Container(unpacked, folder, name, arguments, mounts))
        return containers[-1]

    try:
        version = start("version", ["--version"])
        checks.check("podoru --version", version.ends() == 0 and "." in version.said, version.said)
        checked = start("check", ["check-config", "/etc/podoru/node.yaml"])
        checks.check("its configuration is sound", checked.ends() == 0 and "ok" in checked.said, checked.said)
        bare = start("bare")
        checks.check("without a genesis it ends with 66", bare.ends() == 66 and "there is no genesis" in bare.said, bare.said)

        made = start("keys", ["keygen", "-o", "/var/lib/podoru/producer.key"], [(volume(folder, "made"), "/var/lib/podoru", "rw")])
        checks.check("it makes a key in a volume", made.ends() == 0, made.said)
        genesis = start("genesis", ["genesis", "-a", "/var/lib/podoru/producer.key", "--block-time", "1s", "-o", "/var/lib/podoru/genesis.json"],
                        [(folder / "made", "/var/lib/podoru", "rw")])
        checks.check("and a genesis", genesis.ends() == 0, genesis.said)

        volume(folder, "data")
        (folder / "node.yaml").write_text('genesis_path: /etc/podoru/genesis.json\ndata_dir: /var/lib/podoru\nnode_type: producer\n'
                                          'private_key: /etc/podoru/producer.key\napi_admin_socket: /run/podoru/admin.sock\n')
        mounts = [(folder / "data", "/var/lib/podoru", "rw"), (folder / "made/genesis.json", "/etc/podoru/genesis.json", "ro"),
                  (folder / "made/producer.key", "/etc/podoru/producer.key", "ro"), (folder / "node.yaml", "/etc/podoru/node.yaml", "ro")]
        node = start("node", None, mounts)
        checks.eventually("it is healthy", lambda: node.run("podoru-healthcheck").returncode == 0)
        heights = lambda: json.loads(node.run("podoru", "status", "--json").stdout or "{}").get("height", 0)
        checks.eventually("it makes blocks", lambda: heights() >= 2)
        status = pathlib.Path(f"/proc/{node.pid()}/status").read_text()
        checks.check("it is nobody but its user, without capabilities", f"Uid:\t{USER}\t{USER}" in status
                     and "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status, status)
        written = {entry.name for entry in (folder / "data").iterdir()}
        checks.check("its data are in the volume", {"data.mdb", "LOCK"} <= written, written)
        (folder / "node.yaml").write_text((folder / "node.yaml").read_text() + "max_peers: 40\n")
        node.kill("SIGHUP")
        checks.eventually("SIGHUP reads the configuration again", lambda: "max_peers" in node.said.split("serving")[-1], 10)
        node.kill("SIGSTOP")
        checks.check("a node that stands still is not healthy", node.run("podoru-healthcheck").returncode != 0)
        node.kill("SIGCONT")
        checks.eventually("it is healthy again", lambda: node.run("podoru-healthcheck").returncode == 0)
        height = heights()
        node.kill("SIGTERM")
        checks.check("SIGTERM ends it in order", node.ends(20) == 0 and "stopped" in node.said, node.said)
        again = start("again", None, mounts)
        checks.eventually("another container goes on with its data", lambda: f"height={height}" in again.said or "height=" in again.said, 20)
        checks.check("from where it was", int(again.said.split("height=")[1].split()[0]) >= height, again.said)
        again.kill("SIGTERM")
        checks.check("and ends in order", again.ends(20) == 0, again.said)
    finally:
        for container in containers:
            container.remove()


def volume(folder, name):
    path = folder / name
    path.mkdir(mode=0o750)
    os.chown(path, USER, USER)
    return path


def main():
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        print("the image is not tried: " + ("missing: " + " ".join(missing) + " (make deps-machine)" if missing else "not root"), file=sys.stderr)
        return 69
    layout = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/image/podoru")
    if not layout.is_dir():
        print(f"there is no image at {layout}: run `make image` first", file=sys.stderr)
        return 69
    tag = json.loads((layout / "index.json").read_text())["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"]
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="podoru-image-") as folder:
        steps(checks, f"{layout}:{tag}", pathlib.Path(folder))
    print(f"{checks.held} checks held, {len(checks.failed)} did not")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
