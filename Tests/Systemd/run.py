#!/usr/bin/env python3
"""Installs the Debian package on a machine of its own, runs it as an operator does, breaks it, upgrades it and removes it.

    sudo python3 Tests/Systemd/run.py [--package DEB] [--old DEB] [--show FOLDER] [STEP ...]

`make test-systemd` builds the package first. Without --old the package that is upgraded is made of the new one, with the conffile that
packages up to 1.0.0 had. Ends with 0 when every check held, 1 when one did not, 69 when this machine lacks what is needed.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
import machine
import steps


def old_package(package, folder):
    """The package as it was up to 1.0.0: node.yaml a conffile with every key."""
    tree = folder / "old"
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    lines = ["Version: 0.9" if line.startswith("Version:") else line for line in control.read_text().splitlines()]
    control.write_text("\n".join(lines) + "\n")
    shutil.copy(tree / "usr/share/podoru/node.yaml", tree / "etc/podoru/node.yaml")
    (tree / "etc/podoru/node.yaml").chmod(0o640)
    with open(tree / "DEBIAN/conffiles", "a") as conffiles:
        conffiles.write("/etc/podoru/node.yaml\n")
    out = folder / "podoru_0.9.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, out], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return out


def main():
    parser = argparse.ArgumentParser(description="The package's whole life under a real systemd.")
    parser.add_argument("--package", help="the package; the one that `make deb` has built unless given")
    parser.add_argument("--old", help="a package that is upgraded to it")
    parser.add_argument("--show", action="append", default=[], metavar="FOLDER",
                        help="a folder that the machine sees too, such as that of the Swift runtime for a debug build")
    parser.add_argument("steps", nargs="*", help="only these steps, beside " + " and ".join(steps.FIRST) + ": " + ", ".join(steps.ALL))
    options = parser.parse_args()

    missing = machine.missing_tools()
    if missing or os.geteuid() != 0:
        why = "not root" if os.geteuid() != 0 else "missing: " + " ".join(missing) + " (apt install systemd-container debootstrap)"
        print(f"the package is not tried under systemd: {why}", file=sys.stderr)
        return 69
    built = sorted((machine.ROOT / ".build/deb").glob("podoru_*.deb"), key=os.path.getmtime)
    package = options.package or (built[-1] if built else None)
    if package is None:
        print("there is no package: run `make deb` first, or name one with --package", file=sys.stderr)
        return 69
    package = pathlib.Path(package)
    machine.CACHE.mkdir(exist_ok=True)
    old = pathlib.Path(options.old) if options.old else old_package(package, machine.CACHE)

    wrong = [name for name in options.steps if name not in steps.ALL]
    if wrong:
        print(f"no such step: {' '.join(wrong)}", file=sys.stderr)
        return 64
    base = machine.base_tree(package)
    with machine.Machine(base, options.show) as host:
        node = steps.Node(host, package, old)
        for name, step in steps.ALL.items():
            if options.steps and name not in options.steps + steps.FIRST:
                continue
            print(f"{name}: {step.__doc__}", flush=True)
            node.attempt(step)
    print(f"{node.held} checks held, {len(node.failed)} did not" + "".join(f"\n  {line}" for line in node.failed))
    return 1 if node.failed else 0


if __name__ == "__main__":
    sys.exit(main())
