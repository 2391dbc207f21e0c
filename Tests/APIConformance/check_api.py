#!/usr/bin/env python3
"""Holds docs/openapi.yaml against a running node, with schemathesis.

Imports the 130 blocks of Tests/Vectors into a store of its own, starts `podoru run` on it, lets schemathesis send requests good and bad, and
fails on any 5xx, any answer that the document does not describe, and any end of the node but a clean one. `make test-api` runs it.
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VECTORS = os.path.join(ROOT, "Tests", "Vectors")
# What finds faults differs between versions, so that a new one is a decision.
SCHEMATHESIS = "schemathesis==4.32.5"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance"
START_SECONDS = 60
STOP_SECONDS = 20


def tool(folder):
    """The path of the schemathesis command, installed into `folder` when it is not there."""
    command = os.path.join(folder, "bin", "schemathesis")
    if not os.path.exists(command):
        print(f"installing {SCHEMATHESIS} into {folder}", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([os.path.join(folder, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", SCHEMATHESIS], check=True)
    return command


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(binary, folder, log):
    """A node with the reference's chain; the process, its URL once it answers, and its port for peers."""
    data = os.path.join(folder, "data")
    genesis = os.path.join(VECTORS, "genesis.json")
    blocks = os.path.join(VECTORS, "chain-130.jsonl.gz")
    subprocess.run([binary, "import", "--data-dir", data, "--genesis", genesis, blocks], check=True, stdout=subprocess.DEVNULL)
    port, peers = free_port(), free_port()
    configuration = os.path.join(folder, "node.yaml")
    with open(configuration, "w", encoding="utf-8") as file:
        file.write(
            f'data_dir: "{data}"\ngenesis_path: "{genesis}"\np2p_bind_addr: "127.0.0.1"\np2p_port: {peers}\n'
            f'api_bind_addr: "127.0.0.1"\napi_port: {port}\n'
        )
    node = subprocess.Popen([binary, "run", "--config", configuration], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_SECONDS
    while node.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/api/v1/chain/info", timeout=5) as answer:
                if json.load(answer)["data"]["height"] == 130:
                    return node, url, peers
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    node.kill()
    raise SystemExit("the node did not start; see its log above")


def start_peer(binary, folder, log, port, url):
    """A second node, without which the first would not be ready; the process once it is."""
    configuration = os.path.join(folder, "peer.yaml")
    with open(configuration, "w", encoding="utf-8") as file:
        file.write(
            f'data_dir: "{os.path.join(folder, "peer")}"\ngenesis_path: "{os.path.join(VECTORS, "genesis.json")}"\n'
            f'p2p_bind_addr: "127.0.0.1"\np2p_port: 0\napi_enabled: false\nbootstrap_peers: ["127.0.0.1:{port}"]\n'
        )
    peer = subprocess.Popen([binary, "run", "--config", configuration], stdout=log, stderr=log)
    deadline = time.monotonic() + START_SECONDS
    while peer.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/api/v1/node/ready", timeout=5):
                return peer
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    peer.kill()
    raise SystemExit("the node never became ready; see its log above")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--podoru", default=os.path.join(ROOT, ".build", "debug", "podoru"), help="the command to test")
    parser.add_argument("--venv", default=os.path.join(ROOT, ".build", "schemathesis"), help="where schemathesis is or goes")
    parser.add_argument("--examples", type=int, default=150, help="requests of the fuzzing phase for each operation")
    parser.add_argument("--seed", type=int, default=None, help="repeats a run")
    options = parser.parse_args()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    command = tool(options.venv)
    with tempfile.TemporaryDirectory(prefix="podoru-api-") as folder, open(os.path.join(folder, "node.log"), "w+", encoding="utf-8") as log:
        node, peer = None, None
        try:
            node, url, port = start(options.podoru, folder, log)
            peer = start_peer(options.podoru, folder, log, port, url)
            print(f"seed {seed} (repeat with: make test-api SEED={seed})", flush=True)
            result = subprocess.run(
                [
                    command, "run", os.path.join(ROOT, "docs", "openapi.yaml"), "--url", url, "--checks", CHECKS, "--seed", str(seed),
                    "--phases", "examples,coverage,fuzzing", "--max-examples", str(options.examples), "--continue-on-failure",
                    "--request-timeout", "20", "--suppress-health-check", "all", "--warnings", "off",
                ],
                cwd=folder, check=False,
            ).returncode
            alive = node.poll() is None
            node.send_signal(signal.SIGTERM)
            code = node.wait(STOP_SECONDS)
        finally:
            for process in (peer, node):
                if process is not None and process.poll() is None:
                    process.kill()
            log.flush()
            log.seek(0)
            text = log.read()
            if node is None or node.returncode != 0:
                sys.stdout.write(text[-4000:])
        if not alive or code != 0:
            raise SystemExit(f"the node ended with {code}" if alive else f"the node ended by itself with {code}")
        raise SystemExit(result)


if __name__ == "__main__":
    main()
