"""What is done with the installed package, step after step, and what must be seen then."""

import json
import re
import traceback

CONFIG = "/etc/podoru/node.yaml"
DROPINS = "/etc/systemd/system/podoru.service.d"
SHARE = "/usr/share/podoru"
# Where a service's user may look for the keys that it needs itself, as few as an operator sets.
FULL = f"""genesis_path: "/etc/podoru/genesis.json"
data_dir: "/var/lib/podoru"
api_admin_socket: "/run/podoru/admin.sock"
block_time: 1s
"""


class Node:
    """The package on a machine, and the checks so far."""

    def __init__(self, host, package, old):
        self.host = host
        self.package = host.bring(package, "podoru.deb")
        self.old = host.bring(old, "podoru-old.deb")
        self.held = 0
        self.failed = []
        self.step = ""
        # Where the page of the journal begins that is looked at.
        self.cursor = ""

    def attempt(self, step):
        """Does a step; what breaks it off is one check that did not hold."""
        self.step = step.__name__
        try:
            step(self)
        except Exception as error:  # A step that breaks off must not hide what the others find.
            self.check("the step ends", False, str(error) + "\n" + traceback.format_exc(limit=-2))

    def check(self, what, holds, seen=""):
        if holds:
            self.held += 1
            print(f"  ok: {what}", flush=True)
            return
        self.failed.append(f"{self.step}: {what}")
        indented = "".join(f"\n      {line}" for line in str(seen).strip().splitlines()[-30:])
        print(f"  FAILED: {what}{indented}", flush=True)

    # What an operator types.

    def sh(self, script):
        return self.host.run(script)

    def show(self, name, unit="podoru.service"):
        return self.host.sure(f"systemctl show -P {name} {unit}").strip()

    @property
    def pid(self):
        return int(self.show("MainPID"))

    def journal(self, unit="podoru.service"):
        """The unit's entries on this page of the journal, oldest first."""
        after = f"--after-cursor='{self.cursor}'" if self.cursor else "-b"
        lines = self.host.sure(f"journalctl --sync; journalctl {after} -u {unit} -o json --no-pager || true").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def errors(self):
        return [entry["MESSAGE"] for entry in self.own() if int(entry["PRIORITY"]) == 3]

    def said(self):
        """What the node itself said, for a person: each line with its priority."""
        return "\n".join(f"<{entry['PRIORITY']}>{entry['MESSAGE']}" for entry in self.own())

    def own(self):
        """What the node itself said."""
        return [entry for entry in self.journal() if entry.get("_COMM") == "podoru" or entry.get("SYSLOG_IDENTIFIER") == "podoru"]

    def forget(self):
        """Begins a new page of the journal."""
        self.sh("systemctl reset-failed podoru.service")
        shown = self.host.sure("journalctl --sync; journalctl -n 1 -o cat --show-cursor --no-pager")
        self.cursor = shown.rsplit("-- cursor: ", 1)[1].strip()

    def configure(self, *lines, text=FULL):
        self.host.put(CONFIG, text + "".join(line + "\n" for line in lines), 0o640)
        self.host.sure(f"chgrp podoru {CONFIG}")

    def dropin(self, name, text):
        self.host.put(f"{DROPINS}/{name}.conf", text)
        self.host.sure("systemctl daemon-reload")

    def ship(self, name):
        """Puts a drop-in in place as the README says."""
        self.host.sure(f"install -D -m 0644 {SHARE}/{name}.conf {DROPINS}/{name}.conf && systemctl daemon-reload")

    def remove_dropin(self, *names):
        self.host.sure("rm -f " + " ".join(f"{DROPINS}/{name}.conf" for name in names) + " && systemctl daemon-reload")

    def info(self, port=8545):
        answer = self.sh(f"curl -fsS --max-time 5 http://127.0.0.1:{port}/api/v1/chain/info")
        return json.loads(answer.output)["data"] if answer.code == 0 else {}

    def height(self, port=8545):
        return self.info(port).get("height", -1)

    def grows(self, port=8545):
        start = self.height(port)
        self.host.eventually(f"blocks after {start}", lambda: self.height(port) > start, 30)


def install(node):
    """a fresh machine gets the package"""
    result = node.sh(f"dpkg -i {node.package}")
    node.check("the package installs unattended", result.code == 0, result.output)
    node.check("it says what comes next", "genesis.json" in result.output and "systemctl enable --now podoru" in result.output, result.output)
    owner = node.host.sure(f"stat -c '%a %U:%G' {CONFIG}").strip()
    node.check("node.yaml is for root and the service's group", owner == "640 root:podoru", owner)
    text = node.host.sure(f"grep -v '^#' {CONFIG} | grep -c :").strip()
    node.check("node.yaml holds what differs from the defaults", text == "3", text)
    node.check("it is not started without a configuration", node.show("ActiveState") == "inactive")
    checked = node.sh(f"podoru check-config {CONFIG}")
    node.check("its configuration is sound", checked.code == 0, checked.output)
    modes = node.host.sure(f"stat -c '%a %n' {SHARE}/*.conf {SHARE}/*.yaml")
    node.check("what is for copying has mode 644", all(line.startswith("644 ") for line in modes.splitlines()), modes)
    node.host.sure("cd /root && podoru keygen -o producer.key && podoru genesis -a producer.key --block-time 1s -o genesis.json")


def refused_start(node):
    """a start without a genesis ends once, with its reason"""
    node.forget()
    result = node.sh("systemctl start podoru")
    node.check("systemctl says that it failed", result.code != 0, result.output)
    node.host.run("sleep 7")  # Longer than RestartSec: a start that is tried again would be under way.
    node.check("the exit code is 66", node.show("ExecMainStatus") == "66", node.show("ExecMainStatus"))
    node.check("it is not tried again", node.show("NRestarts") == "0" and node.show("ActiveState") == "failed", node.show("NRestarts"))
    node.check("the reason has priority 3", any("there is no genesis file" in line for line in node.errors()), node.said())
    node.configure("p2p_prt: 1")
    node.forget()
    node.sh("systemctl start podoru")
    node.check("a mistake in the file has its line, with priority 3", any(f"{CONFIG}:5:" in line for line in node.errors()), node.said())
    node.dropin("wrong", "[Service]\nExecStart=\nExecStart=/usr/bin/podoru run --confg /etc/podoru/node.yaml\n")
    node.forget()
    node.sh("systemctl start podoru")
    node.check("a mistake in the command line has priority 3 too", any("Usage: podoru run" in line for line in node.errors()), node.said())
    node.check("and ends with 64", node.show("ExecMainStatus") == "64", node.show("ExecMainStatus"))
    node.remove_dropin("wrong")


def enable(node):
    """a full node is enabled, and its journal is quiet"""
    node.host.sure("install -m 0644 /root/genesis.json /etc/podoru/genesis.json")
    node.configure()
    node.forget()
    result = node.sh("systemctl enable --now podoru")
    node.check("it starts", result.code == 0 and node.show("ActiveState") == "active", result.output)
    node.check("it is enabled", node.sh("systemctl is-enabled podoru").output.strip() == "enabled")
    node.host.eventually("a status line with its height", lambda: "height 0" in node.show("StatusText"))
    status = node.sh("systemctl status podoru")
    node.check("systemctl status shows the line", "height 0" in status.output, status.output)
    who = node.host.sure(f"ps -o user= -p {node.pid}").strip()
    node.check("it runs as podoru", who == "podoru", who)
    node.check("podoru status finds it", node.sh("podoru status").code == 0)
    node.host.run("sleep 25")  # Two rounds of what is said every 10 s.
    messages = [entry["MESSAGE"] for entry in node.journal()]
    node.check("no thread asks for what it may not have", not any("priority" in line for line in messages), messages)
    loud = [entry["MESSAGE"] for entry in node.own() if int(entry["PRIORITY"]) < 4]
    node.check("nothing is said at error or above", loud == [], loud)
    said = [entry for entry in node.own() if int(entry["PRIORITY"]) > 5]
    node.check("every line has a priority of the node's", said == [], [entry["MESSAGE"] for entry in said])
    node.check("it says little", len(node.own()) < 20, messages)


def reload(node):
    """a good file is taken, a bad one is refused by systemctl reload"""
    pid = node.pid
    node.configure("max_peers: 40")
    node.forget()
    result = node.sh("systemctl reload podoru")
    node.check("a good file is taken", result.code == 0, result.output)
    node.host.eventually("the node says so", lambda: any("max_peers" in entry["MESSAGE"] for entry in node.own()), 10)
    node.check("the check adds nothing to the journal", not any(entry["MESSAGE"] == "ok" for entry in node.journal()), node.said())
    node.configure("max_peers: 4000")
    node.forget()
    result = node.sh("systemctl reload podoru")
    node.check("a bad file fails the reload", result.code != 0, result.output)
    node.check("with its line in the journal, priority 3", any(f"{CONFIG}:5:" in line for line in node.errors()), node.said())
    node.check("the node goes on", node.pid == pid and node.show("ActiveState") == "active")
    node.configure()
    node.check("and takes the next good one", node.sh("systemctl reload podoru").code == 0)


def kill(node):
    """a node that is killed or hangs is started again"""
    pid = node.pid
    node.host.sure(f"kill -KILL {pid}")
    node.host.eventually("a new process", lambda: node.pid not in (0, pid) and node.show("ActiveState") == "active", 30)
    node.check("kill -9: it is started again", node.show("NRestarts") == "1", node.show("NRestarts"))
    node.dropin("watchdog", "[Service]\nWatchdogSec=3s\n")
    node.host.sure("systemctl restart podoru")
    pid = node.pid
    node.forget()
    node.host.sure(f"kill -STOP {pid}")
    node.host.eventually("a new process after the watchdog", lambda: node.pid not in (0, pid) and node.show("ActiveState") == "active", 60)
    journal = [entry["MESSAGE"] for entry in node.journal()]
    node.check("a loop that stands still: the watchdog ends it", any("Watchdog timeout" in line for line in journal), journal)
    node.check("and it is started again", node.show("NRestarts") == "1", node.show("NRestarts"))
    last = [entry for entry in node.own() if "ended by SIGABRT" in entry["MESSAGE"]]
    node.check("it says how long the loop had not run", len(last) == 1 and "event loop last ran" in last[0]["MESSAGE"], node.said())
    node.remove_dropin("watchdog")
    node.host.sure("systemctl restart podoru")
    pid = node.pid
    node.forget()
    node.host.sure(f"kill -SEGV {pid}")
    node.host.eventually("a new process after a crash", lambda: node.pid not in (0, pid) and node.show("ActiveState") == "active", 30)
    last = [entry for entry in node.own() if "ended by SIGSEGV" in entry["MESSAGE"]]
    node.check("a crash leaves one line of priority 2 with a backtrace", len(last) == 1 and last[0]["PRIORITY"] == "2"
               and "backtrace" in last[0]["MESSAGE"], node.said())
    node.forget()
    result = node.sh("systemctl stop podoru")
    own = [entry["MESSAGE"] for entry in node.own()]
    node.check("a stop ends it in order", result.code == 0 and any("stopped" in line for line in own), own)
    node.check("with success", node.show("Result") == "success", node.show("Result"))


def producer(node):
    """a key that systemd hands over makes blocks"""
    node.host.sure("install -m 0600 -o root /root/producer.key /etc/podoru/producer.key")
    node.ship("producer")
    node.forget()
    result = node.sh("systemctl restart podoru")
    node.check("it starts", result.code == 0, result.output + str(node.errors()))
    node.grows()
    node.check("it makes blocks", True)
    who = node.sh("su -s /bin/sh podoru -c 'cat /etc/podoru/producer.key'")
    node.check("the key stays root's", who.code != 0)
    pid = node.pid
    reloaded = node.sh("systemctl reload podoru")
    node.check("a reload works with the credential", reloaded.code == 0 and node.pid == pid, reloaded.output)
    notes = [entry["MESSAGE"] for entry in node.journal() if "note:" in entry["MESSAGE"]]
    node.check("and has nothing to note", notes == [], notes)
    doctor = node.sh("podoru doctor --json")
    report = json.loads(doctor.output.splitlines()[-1])
    failed = [finding for finding in report["findings"] if finding["outcome"] == "failure"]
    node.check("podoru doctor finds no failure", failed == [], failed)
    height = node.height()
    node.host.sure(f"kill -KILL {node.pid}")
    node.host.eventually("it goes on after kill -9", lambda: node.height() > height, 40)
    node.check("no block is lost by kill -9", True)


def folders_and_ports(node):
    """a data_dir and a port outside of the sandbox are named, and the drop-ins let them in"""
    node.host.sure("install -d -m 0750 -o podoru -g podoru /srv/podoru")
    node.configure(text=FULL.replace("/var/lib/podoru", "/srv/podoru"))
    node.forget()
    node.sh("systemctl restart podoru")
    errors = node.errors()
    node.check("data_dir outside: the reason names ReadWritePaths=", any("ReadWritePaths=" in line for line in errors), node.said())
    node.check("and the drop-in", any("data-dir.conf" in line for line in errors), errors)
    node.host.run("sleep 7")  # Longer than RestartSec.
    node.check("it is not tried again", node.show("NRestarts") == "0", node.show("NRestarts"))
    doctor = node.sh("podoru doctor").output
    node.check("doctor compares it with the unit", "ReadWritePaths=" in doctor, doctor)
    node.ship("data-dir")
    result = node.sh("systemctl restart podoru")
    node.check("with the drop-in it starts", result.code == 0, result.output + str(node.errors()))
    doctor = node.sh("podoru doctor").output
    node.check("doctor is content", "ReadWritePaths=" not in doctor, doctor)
    node.remove_dropin("data-dir")

    node.configure("p2p_port: 900")
    doctor = node.sh("podoru doctor").output
    node.check("port 900: doctor says that the service may not", "low-port.conf" in doctor, doctor)
    node.forget()
    node.sh("systemctl restart podoru")
    node.check("and so does the node", any("low-port.conf" in line for line in node.errors()), node.said())
    node.ship("low-port")
    result = node.sh("systemctl restart podoru")
    node.check("with the drop-in it starts", result.code == 0, result.output + str(node.errors()))
    doctor = node.sh("podoru doctor").output
    node.check("and doctor is content", "low-port.conf" not in doctor, doctor)
    node.remove_dropin("low-port")
    node.configure()
    node.dropin("port", "[Service]\nEnvironment=PODORU_P2P_PORT=9555 \"PODORU_BOOTSTRAP_PEERS=127.0.0.1:1, 127.0.0.1:2\"\n")
    rules = node.sh("podoru-open --dry-run").output
    node.check("podoru-open reads the unit's variables", "port 9555" in rules, rules)
    node.remove_dropin("port")
    node.check("the node is back", node.sh("systemctl restart podoru").code == 0)


def normal_user(node):
    """who may not look is told so"""
    node.sh("useradd -m somebody")
    doctor = node.sh("su somebody -c 'podoru doctor'")
    node.check("doctor does not deny the configuration", "there is no /etc" not in doctor.output, doctor.output)
    node.check("it says that it may not be read", "ermission denied" in doctor.output or "may not" in doctor.output, doctor.output)
    status = node.sh("su somebody -c 'podoru status'")
    node.check("podoru status needs no privilege", status.code == 0, status.output)
    keys = node.sh("su somebody -c 'cd && podoru keygen -o my.key'")
    node.check("nor does keygen, and nothing is said of threads", keys.code == 0 and "priority" not in keys.output + status.output, keys.output)


def instances(node):
    """a second node beside the first"""
    sed = "s|/var/lib/podoru|&/b|; s|/run/podoru|&-b|"
    node.host.sure(
        f"sed '{sed}' {SHARE}/node.short.yaml > /etc/podoru/b.yaml && "
        "printf 'p2p_port: 9100\\napi_port: 8645\\nblock_time: 1s\\nbootstrap_peers: [\"127.0.0.1:9000\"]\\n' >> /etc/podoru/b.yaml && "
        "chgrp podoru /etc/podoru/b.yaml && chmod 640 /etc/podoru/b.yaml")
    result = node.sh("systemctl enable --now podoru@b")
    journal = [entry["MESSAGE"] for entry in node.journal("podoru@b.service")]
    node.check("it starts", result.code == 0, result.output + "\n".join(journal))
    node.host.eventually("it has the first one's blocks", lambda: node.height(8645) > 0, 30)
    admin = node.sh("podoru admin --config /etc/podoru/b.yaml log-level info; ls -l /run/podoru-b/admin.sock")
    node.check("it has an admin socket of its own", "admin.sock" in admin.output and admin.output.count("srw") == 1, admin.output)
    doctor = node.sh("podoru doctor --config /etc/podoru/b.yaml").output
    node.check("doctor knows its unit", "podoru@b.service" in doctor, doctor)
    rules = node.sh("podoru-open --dry-run --config /etc/podoru/b.yaml").output
    node.check("podoru-open reads its port", "port 9100" in rules, rules)
    node.check("a reload of it is checked", node.sh("systemctl reload podoru@b").code == 0)
    node.host.sure("systemctl restart podoru")
    node.check("the first one's restart leaves its folders alone", node.sh("test -S /run/podoru-b/admin.sock").code == 0)
    node.check("and it goes on", node.show("NRestarts", "podoru@b.service") == "0")


def remove(node):
    """the package goes, what is the operator's stays"""
    result = node.sh("dpkg -r podoru")
    node.check("it is removed", result.code == 0, result.output)
    node.check("no node runs", node.sh("pgrep -x podoru").code != 0)
    links = node.sh("find /etc/systemd/system -name 'podoru*.service'").output
    node.check("no unit is enabled", links == "", links)
    left = node.sh(f"ls {CONFIG} /etc/podoru/genesis.json /etc/podoru/producer.key /var/lib/podoru/data.mdb")
    node.check("configuration, genesis, key and data are there", left.code == 0, left.output)
    failed = node.sh("systemctl list-units --failed --plain --no-legend").output
    node.check("nothing of it is failed", "podoru" not in failed, failed)
    result = node.sh("dpkg -P podoru")
    node.check("it is purged", result.code == 0 and node.sh(f"test -e {CONFIG}").code != 0, result.output)
    left = node.sh("ls /etc/podoru/genesis.json /etc/podoru/producer.key /var/lib/podoru/data.mdb")
    node.check("genesis, key and data stay", left.code == 0, left.output)
    node.check("no drop-in is touched", node.sh(f"test -e {DROPINS}/producer.conf").code == 0)


def upgrade(node):
    """packages with node.yaml as a conffile are upgraded without a question"""
    for name, change in [("changed", "s/^max_peers: .*/max_peers: 41/"), ("unchanged", "")]:
        # With a store of its own: an older program may not read that of a newer one.
        node.sh("dpkg -P podoru; rm -rf /etc/podoru/node.yaml* /var/lib/podoru")
        node.host.sure(f"dpkg -i {node.old}")
        node.host.sure(f"sed -i -e '{change}' {CONFIG}") if change else None
        node.dropin("time", "[Service]\nEnvironment=PODORU_BLOCK_TIME=1s\n")
        before = node.host.sure(f"cat {CONFIG}")
        node.host.sure("test -e /etc/podoru/genesis.json || cp /root/genesis.json /etc/podoru/genesis.json; systemctl start podoru")
        pid = node.pid
        result = node.sh(f"dpkg -i {node.package}")
        node.check(f"{name}: the upgrade asks nothing", result.code == 0 and "onfiguration file" not in result.output, result.output)
        after = node.host.sure(f"cat {CONFIG}")
        if change:
            node.check(f"{name}: the file is kept", after == before)
        else:
            node.check(f"{name}: the file gives way to the short one", "api_admin_socket" in after and "max_peers" not in after, after)
        copies = node.host.sure("ls /etc/podoru")
        node.check(f"{name}: no copies are left", ".dpkg" not in copies and ".new" not in copies, copies)
        node.check(f"{name}: the new version runs", node.pid not in (0, pid) and node.show("ActiveState") == "active", node.errors())
        node.check(f"{name}: the package says so", "podoru.service runs the new version" in result.output, result.output)
        again = node.sh(f"dpkg -i {node.package}")
        node.check(f"{name}: and once more", again.code == 0 and node.host.sure(f"cat {CONFIG}") == after, again.output)
    node.host.sure("systemctl stop podoru")
    result = node.sh(f"dpkg -i {node.package}")
    node.check("a node that is stopped stays stopped", node.show("ActiveState") == "inactive" and "no node runs" in result.output, result.output)
    node.sh("dpkg -P podoru")


def boot(node):
    """nothing of it is wrong for systemd"""
    journal = node.host.sure("journalctl -b --no-pager -o cat")
    said = [line for line in journal.splitlines() if re.search(r"podoru[^ ]*\.(service|conf).*(Unknown|Invalid|Failed to parse|deprecated)", line)]
    node.check("systemd reads the units and drop-ins", said == [], said)


# What all others stand on.
FIRST = ["install", "enable"]
ALL = {step.__name__: step for step in [install, refused_start, enable, reload, kill, producer, folders_and_ports, normal_user, instances, boot, remove, upgrade]}
