"""The frame of the checks: what a check is, the honest witness beside each, what is printed."""

import json
import secrets
import time

import wire
from wire import Closed, Connection, Timeout

# A violation is answered by closing at once; this is the patience for a busy machine.
PROMPT = 5.0


class Failure(Exception):
    """The node did not behave as docs/protocol.md says."""


CHECKS = []


def check(name, slow=False, needs=None):
    """Registers a check: a function of the run that returns what happened to the hostile connection."""

    def register(function):
        CHECKS.append((name, slow, needs, function))
        return function

    return register


class Run:
    """One node under test."""

    def __init__(self, endpoint, chain_id, options):
        self.endpoint = endpoint
        self.chain_id = chain_id
        self.options = options
        self.sources = 1
        self.open = []
        self.witness = None

    # Connections

    def _source(self):
        """A new loopback address for each connection, where the node is on one: limits per address are not the matter."""
        if not self.endpoint[0].startswith("127."):
            return None
        self.sources = self.sources % 60000 + 1
        return f"127.1.{self.sources // 250}.{self.sources % 250 + 1}", 0

    def dial(self, **options):
        import socket

        try:
            sock = socket.create_connection(self.endpoint, timeout=PROMPT, source_address=self._source())
        except OSError as error:
            raise Failure(f"cannot connect: {error}") from error
        connection = Connection(sock, **options)
        self.open.append(connection)
        return connection

    def peer(self, secret=None, is_honest=True, **fields):
        """A connection that has shaken hands. One that is not honest sends nothing by itself, so that no answer to a probe
        falls into the middle of a frame that the check sends in pieces."""
        connection = self.dial(is_honest=is_honest)
        try:
            connection.introduce(self.chain_id, secret=secret, **fields)
        except (Closed, Timeout) as error:
            raise Failure(f"the handshake was not answered: {error}") from error
        return connection

    def close_all(self):
        for connection in self.open:
            connection.close()
        self.open.clear()

    # The witness

    def renew_witness(self):
        if self.witness:
            self.witness.close()
        self.witness = self.peer()
        self.open.remove(self.witness)

    def ask_witness(self, timeout=PROMPT):
        """The honest connection is still served: a Ping and a block."""
        start = time.monotonic()
        try:
            self.witness.ping(timeout)
            block = self.witness.block(0, timeout)
        except (Closed, Timeout) as error:
            raise Failure(f"the honest connection is no longer served: {error}") from error
        if not block:
            raise Failure("the honest connection got no block 0")
        return time.monotonic() - start

    # Expectations

    def expect_closed(self, connection, within=PROMPT):
        took = connection.wait_closed(within)
        if took is None:
            raise Failure(f"the hostile connection was not closed within {within:.0f} s")
        return f"closed after {took:.1f} s"

    def expect_served(self, connection, timeout=PROMPT):
        try:
            connection.ping(timeout)
            if connection.request(0, timeout) == b"":
                raise Failure("no block 0")
        except (Closed, Timeout) as error:
            raise Failure(f"the connection is not served any more: {error}") from error
        return "still served"

    def whatever(self, connection, within=1.0):
        took = connection.wait_closed(within)
        return "still open" if took is None else f"closed after {took:.1f} s"

    def closes_after(self, body, prepare=None):
        """A body after the handshake that must close the connection."""
        connection = (prepare or self.peer)()
        try:
            connection.send_body(body)
        except Closed:
            pass
        return self.expect_closed(connection)

    def tip(self, connection):
        """The height of the node's head, as a Pong tells it, and the block there."""
        height = connection.ping()[1]
        block = connection.block(height)
        if block is None:
            raise Failure(f"the node told height {height} and has no such block")
        return height, block


def demand(condition, text):
    if not condition:
        raise Failure(text)


def run_all(run, only=None, with_slow=False, part=None, out=print):
    """Runs the checks in order, or the `honest` or the `hostile` part of them; the number of failures."""
    failures = passed = skipped = 0
    run.renew_witness()
    for name, slow, needs, function in CHECKS:
        if only and not any(text in name for text in only):
            continue
        if part and function.__module__ != f"checks_{part}":
            continue
        if (slow and not with_slow and not only) or (needs and not getattr(run.options, needs, None)):
            skipped += 1
            out(f"SKIP  {name}" + (f" (needs --{needs.replace('_', '-')})" if needs else " (needs --slow)"))
            continue
        start = time.monotonic()
        try:
            outcome = function(run) or "as expected"
            served = run.ask_witness()
            passed += 1
            out(f"PASS  {name}: {outcome}; others served in {served * 1000:.0f} ms ({time.monotonic() - start:.1f} s)")
        except (Failure, Closed, Timeout, ValueError, KeyError, TypeError) as error:
            failures += 1
            out(f"FAIL  {name}: {error or type(error).__name__}")
            try:
                run.ask_witness()
            except Failure:
                try:
                    run.renew_witness()
                except Failure as error:
                    out(f"FAIL  the node takes no honest peer any more: {error}")
                    failures += 1
                    break
        finally:
            run.close_all()
    run.witness.close()
    out(f"{passed} passed, {failures} failed, {skipped} skipped")
    return failures


def random_secret():
    return secrets.randbelow(2**255) + 1


def as_json(value):
    return json.dumps(value, separators=(",", ":")).encode()


__all__ = ["Failure", "Run", "as_json", "check", "demand", "random_secret", "run_all", "wire", "PROMPT"]
