"""Where attacks take place: a coordinator as a process, an honest node, and what attackers hold."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

import httpx
from flwr.app import ConfigRecord, Message, RecordDict

import fedcare.federation  # noqa: F401  # Flower's settings are made before Flower is read.
from fedcare.federation.door.client import enrol, pinned, tls
from fedcare.federation.node.config import NodeFolder
from fedcare.federation.node.fleet import Fleet, Heartbeat
from fedcare.federation.run.flower_run import FlowerRun, flower_run
from fedcare.federation.superlink import places
from fedcare.federation.superlink.control import Control
from fedcare.trust.authority import Authority
from fedcare.trust.certificates import Issuer, Period, certificate_pem, load_key
from fedcare.trust.files import write_private
from fedcare.trust.identity import Identity

PATIENCE = 3.0


class Allowed(Exception):
    """An attack got through."""


class Ground:
    """``honest`` and ``insider`` are members; the honest one's node answers a run's questions until ``finish``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.authority = Authority.open(home / "consortium")
        self.captured: list[httpx.Request] = []
        self.clients = ExitStack()  # Whoever opens one that outlives an attack leaves it here to be closed.
        self._log = (home / "door.log").open("wb")
        self._process = self._start()
        self.public = self._await_address()
        self.host, port = self.public.rsplit(":", 1)
        self.port = int(port)
        self.honest = self.join("Honest")
        self.insider = self.join("Insider")
        self._stop = threading.Event()
        self._asked = self._answered = 0
        self._slowest = 0.0
        self.question_ids: list[str] = []
        self._failure: BaseException | None = None
        self._fleet = Fleet(NodeFolder(self.honest.key_path.parent), self.public)
        self._fleet._client._client.event_hooks["request"] = [self._capture]
        self._fleet.connect()
        self._heartbeat = Heartbeat(self._fleet, lambda: None)
        self._heartbeat.start()
        self._asking = threading.Thread(target=self._ask, daemon=True)
        self._threads = [self._asking, threading.Thread(target=self._answer, daemon=True)]
        for thread in self._threads:
            thread.start()
        self._settle()

    # -- what attackers are given -------------------------------------------------------------------------------------

    def join(self, name: str) -> Identity:
        """A member with a good certificate."""
        return enrol(self.home / "node", self.public, self.authority.token(name))[1]

    def no_tokens(self) -> None:
        """Forget every token, as if the last had been used long ago."""
        for path in (self.authority.folder / "tokens").glob("*.json"):
            path.unlink()

    def stranger(self) -> ssl.SSLContext:
        """TLS without a certificate."""
        return pinned(self.authority.ca_pem)

    def holder(self, identity: Identity) -> ssl.SSLContext:
        """TLS with a member's certificate."""
        return tls(identity)

    def forged(self, issuer: Issuer, days: tuple[int, int]) -> ssl.SSLContext:
        """TLS with a certificate of the honest institution's name, by this issuer, from and until so many days on."""
        folder = self.home / f"forged-{issuer.certificate.serial_number}-{days[0]}"
        folder.mkdir(exist_ok=True)
        now = datetime.now(UTC)
        period = Period(now + timedelta(days=days[0]), now + timedelta(days=days[1]))
        key = self.insider.key_path
        made = issuer.node("Honest", load_key(key.read_bytes()).public_key(), period)
        write_private(folder / "node.crt", certificate_pem(made))
        context = pinned(self.authority.ca_pem)
        context.load_cert_chain(folder / "node.crt", key)
        return context

    @property
    def issuer(self) -> Issuer:
        """The authority's own hand, to make what it would never make."""
        return self.authority._issuer

    def other_issuer(self) -> Issuer:
        """Another consortium's authority."""
        return Authority.open(self.home / "other")._issuer

    def connect(self, context: ssl.SSLContext, seconds: float = 10) -> ssl.SSLSocket:
        """A TLS connection to the door."""
        plain = socket.create_connection((self.host, self.port), seconds)
        try:
            return context.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

    def say(self, context: ssl.SSLContext, content: bytes) -> str:
        """Send bytes, and how they were refused; raises Allowed for a good answer."""
        try:
            with self.connect(context) as connection:
                connection.sendall(content)
                return verdict(connection)
        except (ssl.SSLError, OSError) as error:
            return dropped(error)

    # -- what it looks like -------------------------------------------------------------------------------------------

    def members(self) -> list[str]:
        """The names of the registered nodes, and whether each is online."""
        with Control.of(self.home) as control:
            return sorted(f"{node.name} {node.status}" for node in control.nodes())

    def node_id(self, name: str) -> int:
        """A member's node id, which is no secret among members."""
        with Control.of(self.home) as control:
            return next(node.node_id for node in control.nodes() if node.name == name)

    def run_id(self) -> int:
        """Flower's id of the honest run."""
        with Control.of(self.home) as control:
            return next(run.run_id for run in control.runs().values() if run.status == "running")

    def memory_mib(self) -> float:
        """Resident memory of the coordinator's process, MiB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def finish(self) -> tuple[int, int, float]:
        """Ask no more; how many questions the honest node was asked, how many it answered, and the longest wait."""
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        self._heartbeat.stop()
        if self._failure:
            raise self._failure
        return self._asked, self._answered, self._slowest

    def __enter__(self) -> Ground:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.clients.close()
        self._fleet._client.close()
        self._log.close()

    # -- the coordinator and the honest node --------------------------------------------------------------------------

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "fedcare.federation.superlink", "--host", "127.0.0.1", "--port", "0"]
        environment = os.environ | {"FEDCARE_HOME": str(self.home), "FEDCARE_GATEWAY_URL": "http://127.0.0.1:9"}
        return subprocess.Popen(
            [*command, "--patience", str(PATIENCE)], stdout=self._log, stderr=self._log, env=environment
        )

    def _await_address(self) -> str:
        end = time.monotonic() + 240  # A busy machine takes its time to start.
        while time.monotonic() < end and self._process.poll() is None:
            if (self.home / "superlink/address.json").exists():
                return places.address(self.home).public
            time.sleep(0.05)
        raise RuntimeError((self.home / "door.log").read_text())

    def _settle(self) -> None:
        end = time.monotonic() + 120
        while self._answered < 3 and time.monotonic() < end and self._failure is None:
            time.sleep(0.05)
        if self._failure is not None or self._answered < 3:
            raise RuntimeError("the honest run did not begin") from self._failure

    def _capture(self, request: httpx.Request) -> None:
        """As somebody would who broke TLS or the node's memory."""
        self.captured = [*self.captured[-200:], request]

    def _answer(self) -> None:
        # The one who asks ends first: the last question is answered, too.
        while not self._stop.is_set() or self._asking.is_alive():
            try:
                envelope = self._fleet.receive()
                if envelope is None:
                    time.sleep(0.02)
                    continue
                question = self._fleet.open(envelope)
                self._fleet.send(Message(question.content, reply_to=question), 0.0)
            except BaseException as error:
                self._failure = self._failure or error
                return

    def _ask(self) -> None:
        try:
            with flower_run(self.home, "0" * 64, "attacked") as run:
                while not self._stop.is_set():
                    self._one_question(run)
        except BaseException as error:
            self._failure = self._failure or error

    def _one_question(self, run: FlowerRun) -> None:
        node = next(n.node_id for n in run.grid.get_nodes() if n.name == "Honest")
        content = RecordDict({"number": ConfigRecord({"n": self._asked})})
        started = time.monotonic()
        (question,) = run.grid.push_messages([Message(content, node, "query", ttl=60)])
        self.question_ids.append(question)
        self._asked += 1
        while time.monotonic() < started + 60:
            for reply in run.grid.pull_messages([question]):
                if reply.has_error() or reply.content["number"]["n"] != self._asked - 1:
                    raise RuntimeError(f"the honest node's answer was spoilt: {reply}")
                self._answered += 1
                self._slowest = max(self._slowest, time.monotonic() - started)
                return
            time.sleep(0.05)
        raise RuntimeError("the honest node did not answer within 60 s")


def verdict(connection: ssl.SSLSocket) -> str:
    """How the other end refused what was sent; raises Allowed where it did not."""
    connection.settimeout(PATIENCE * 6 + 5)
    try:
        head = connection.recv(65536)
    except TimeoutError:
        raise Allowed("kept waiting") from None
    except (ssl.SSLError, OSError) as error:
        return dropped(error)
    if not head:
        return "dropped"
    status = head.split(b" ", 2)[1].decode() if head.startswith(b"HTTP/") else "?"
    if not status.startswith("4"):
        raise Allowed(f"answered {head[:80]!r}")
    return f"status {status}"


def dropped(error: BaseException) -> str:
    """A connection that ended: why, in a word."""
    if isinstance(error, TimeoutError):
        raise Allowed("kept waiting") from None
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
    return f"dropped ({reason})"
