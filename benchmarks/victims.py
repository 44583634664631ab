"""Who can be killed in a consortium on one machine, and how each is found."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg

NODE_TRAINING, NODE_SENDING, ALL, SUPERVISOR = "node in training", "node while sending", "all at once", "supervisor"
KINDS = (NODE_TRAINING, NODE_SENDING, "worker", "runner", "SuperLink", "gateway", "PostgreSQL", ALL)
LOOK = 0.005
PATIENCE = 120.0

Killed = list[int]


class Victims:
    """The processes of the ``fedcare up`` in ``home``; ``chance`` picks among equals."""

    def __init__(self, home: Path, chance: random.Random) -> None:
        self.home, self._chance = home, chance

    def kill(self, kind: str, run: str) -> Killed:
        """Kill them with SIGKILL, at a moment that fits; the processes that were."""
        kills: dict[str, Callable[[], Killed]] = {
            NODE_TRAINING: lambda: self._node_after(run, "evaluation"),
            NODE_SENDING: lambda: self._node_after(run, "update"),
            "worker": lambda: self._kill([self._named("worker")]),
            "runner": lambda: self._kill(self.runners(run)),
            "SuperLink": lambda: self._kill([self._named("door")]),
            "gateway": lambda: self._kill([self._named("gateway")]),
            "PostgreSQL": lambda: self._kill([self.postgres()]),
            ALL: lambda: self._kill([*self.supervised(), *self.runners(run), self.postgres()]),
            SUPERVISOR: lambda: self._kill([int(self._status()["supervisor"])]),
        }
        return kills[kind]()

    def supervised(self) -> list[int]:
        """Every process that the supervisor keeps and that lives."""
        return [pid for pid in self._status()["processes"].values() if pid is not None]

    def whole(self) -> bool:
        """Whether every process that there should be lives."""
        return None not in self._status()["processes"].values()

    def runners(self, run: str) -> list[int]:
        """The processes that carry out a run: one at most times, none between two attempts."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = [pid for pid, words in _command_lines() if "fedcare.federation.run" in words and run in words]
            if found:
                return found
            time.sleep(LOOK)
        return []

    def postgres(self) -> int:
        """The server's first process."""
        return int((self.home / "postgres" / "data" / "postmaster.pid").read_text().split("\n", 1)[0])

    def everybody(self) -> list[int]:
        """Every process on this machine that works in the home, whoever started it."""
        data = self.home / "postgres" / "data"
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    told = f"FEDCARE_HOME={self.home}\0".encode() in (entry / "environ").read_bytes()
                    if told or (entry / "cwd").readlink() == data:
                        found.append(int(entry.name))
        return sorted(set(found) - {os.getpid()})

    # -- nodes --------------------------------------------------------------------------------------------------------

    def _node_after(self, run: str, kind: str) -> Killed:
        """A node that has just logged that such an answer leaves: an update is on its way then, and after an
        evaluation comes the next round's training, which is hit somewhere in its midst.
        """
        name = self._chance.choice([name for name in self._status()["processes"] if name.startswith("node-")])
        self._await_answer(run, kind)
        if kind == "evaluation":
            time.sleep(self._chance.uniform(0.2, 1.5))
        return self._kill([self._named(name)])

    def _await_answer(self, run: str, kind: str) -> None:
        """Until one more answer of this kind is in the egress log."""
        asking = "select count(*) from egress_log where run = %s and kind = %s"
        with psycopg.connect(self.address(), autocommit=True) as connection:
            before = connection.execute(asking, [run, kind]).fetchone()
            until = time.monotonic() + PATIENCE
            while connection.execute(asking, [run, kind]).fetchone() == before and time.monotonic() < until:
                time.sleep(LOOK)

    def address(self) -> str:
        """Of the database, as its superuser, whom no policy binds."""
        root = self.home / "postgres"
        port = json.loads((root / "owner.lock").read_text())["port"]
        password = (root / "password").read_text()
        return f"host=127.0.0.1 port={port} user=postgres password={password} dbname=fedcare connect_timeout=5"

    # -- small things -------------------------------------------------------------------------------------------------

    def _status(self) -> dict[str, dict[str, int | None]]:
        found: dict[str, dict[str, int | None]] = json.loads((self.home / "processes.json").read_text())
        return found

    def _named(self, name: str) -> int:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            pid = self._status()["processes"].get(name)
            if pid is not None:
                return pid
            time.sleep(LOOK)
        raise SystemExit(f"there is no process {name}")

    @staticmethod
    def _kill(pids: list[int]) -> Killed:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pids


def _command_lines() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                yield int(entry.name), (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
