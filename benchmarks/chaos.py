"""What an answer is worth when things die: ``python -m benchmarks.chaos``.

Two hundred clients create, change, read and predict for a minute over ``fedcare gateway --workers 2``. A third of the
way in, PostgreSQL is killed with SIGKILL (its keeper starts it again); two thirds in, a gateway process is (the
command's own supervisor starts another). A client that loses its connection or gets a 503 repeats the request with the
same Idempotency-Key, as the documentation tells it. At the end:

- the supervisor is the process it was, and has as many workers as at the start;
- every patient, change and prediction that was answered with 2xx is in the database;
- no patient is there twice;
- the audit chain of every institution verifies, and has a row for every one of these.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvloop
from sqlalchemy import text

from benchmarks.api import FEATURES, import_model
from benchmarks.output import emit, parser, progress
from benchmarks.served import Served, serve
from fedcare.db import audit

LOST = (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ValueError)
ANSWER_SECONDS, PATIENCE = 15.0, 40
WORKERS = 2


@dataclass
class Promises:
    """What the gateway said it had done: ids with the last acknowledged revision, ids of predictions."""

    patients: dict[str, int] = field(default_factory=dict)
    predictions: set[str] = field(default_factory=set)
    asked_predictions: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)


def main() -> None:
    """Run, kill, count and print."""
    line = parser(__doc__, seed=None)
    line.add_argument("--clients", type=int, default=200)
    line.add_argument("--seconds", type=float, default=60.0)
    options = line.parse_args()
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder), workers=WORKERS) as served:
        import_model(served, Path(folder))
        promises = Promises()
        before = set(_workers(served.process.pid))
        uvloop.run(_storm(served, promises, options.clients, options.seconds))
        found = settle(served, promises) | _supervised(served, before)
    found |= {"clients": options.clients, "seconds": options.seconds, "answers": dict(promises.statuses)}
    found["unexpected"] = dict(promises.unexpected)
    emit({"benchmark": "chaos"} | found, report(found), options.json)
    if not found["held"] or not found["supervised"]:
        raise SystemExit(1)


async def _storm(served: Served, promises: Promises, clients: int, seconds: float) -> None:
    until = time.monotonic() + seconds
    work = [Client(served, promises, number).work(until) for number in range(clients)]
    await asyncio.gather(_kill(served, seconds), *work)


async def _kill(served: Served, seconds: float) -> None:
    await asyncio.sleep(seconds / 3)
    pid = served.postgres.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    progress(f"postgres {pid} killed")
    await asyncio.sleep(seconds / 3)
    worker = _workers(served.process.pid)[0]
    os.kill(worker, signal.SIGKILL)
    progress(f"gateway process {worker} killed")


def _workers(parent: int) -> list[int]:
    """The processes that answer: children of the supervisor that are not its resource tracker."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in children if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _supervised(served: Served, before: set[int]) -> dict[str, Any]:
    """Whether the supervisor lives and has replaced whoever was killed, once."""
    now = set(_workers(served.process.pid)) if served.process.poll() is None else set()
    return {"replaced_workers": len(now - before), "supervised": len(now) == WORKERS and len(now - before) == 1}


class Client:
    """One of the many: a connection of its own, and its own patients to change."""

    def __init__(self, served: Served, promises: Promises, number: int) -> None:
        self._served, self._promises, self._random = served, promises, random.Random(number)
        self._institution = 1 + number % 2
        self._mine: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def work(self, until: float) -> None:
        """One thing after the other until the time is over."""
        while time.monotonic() < until:
            chosen = self._random.random()
            if chosen < 0.35 or not self._mine:
                await self._create()
            elif chosen < 0.55:
                await self._change()
            elif chosen < 0.75:
                await self._predict()
            else:
                await self._until_answered("GET", "/api/patients?limit=20")
        if self._streams:
            self._streams[1].close()

    async def _create(self) -> None:
        name = uuid4().hex
        body = FEATURES | {"first_name": name, "last_name": "Storm"}
        status, answer = await self._until_answered("POST", "/api/patients", body, {"Idempotency-Key": name})
        if status == 201:
            self._names[answer["id"]] = name
            self._mine[answer["id"]] = self._promises.patients[answer["id"]] = 1

    async def _change(self) -> None:
        chosen = self._random.choice(sorted(self._mine))
        age = self._random.randint(0, 99)
        body = FEATURES | {"first_name": self._names[chosen], "last_name": "Storm", "age": age}
        headers = {"If-Match": f'"{self._mine[chosen]}"'}
        status, _ = await self._until_answered("PUT", f"/api/patients/{chosen}", body, headers)
        if status == 200:
            self._mine[chosen] = self._promises.patients[chosen] = self._mine[chosen] + 1
        elif status == 412:  # The change before was made and its answer lost.
            _, now = await self._until_answered("GET", f"/api/patients/{chosen}")
            self._mine[chosen] = now["revision"]

    async def _predict(self) -> None:
        body = {"patient_id": self._random.choice(sorted(self._mine)), "explain": False, "record": True}
        headers = {"Idempotency-Key": uuid4().hex}
        self._promises.asked_predictions += 1
        status, answer = await self._until_answered("POST", "/api/predictions", body, headers)
        if status in {200, 201}:
            self._promises.predictions.add(answer["id"])

    async def _until_answered(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        for _ in range(PATIENCE):
            try:
                status, answer = await asyncio.wait_for(self._ask(method, path, body, headers or {}), ANSWER_SECONDS)
            except LOST:
                self._promises.statuses["lost"] += 1
                self._streams = None
                await asyncio.sleep(0.2)
                continue
            self._promises.statuses[str(status)] += 1
            if status != 503:
                if status not in {200, 201, 412}:
                    self._promises.unexpected[f"{method} {status} {answer}"[:300]] += 1
                return status, answer
            await asyncio.sleep(0.2)
        return 0, None

    async def _ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._served.port)
        reader, writer = self._streams
        content = b"" if body is None else json.dumps(body).encode()
        headers = headers | self._served.bearer("nurse", self._institution) | {"Content-Type": "application/json"}
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0]) if "content-length:" in head else 0
        answer = await reader.readexactly(length)
        return int(head.split(" ", 2)[1]), json.loads(answer) if answer else None


def settle(served: Served, promises: Promises) -> dict[str, Any]:
    """Compare what was promised with what is there."""
    with served.owner.connect() as connection:
        rows = connection.execute(text("select id::text, revision, first_name from patients")).all()
        kept = {row.id: row.revision for row in rows}
        predicted = set(connection.execute(text("select id::text from predictions")).scalars())
        creations = "select subject_id, count(*) from audit_log where action like 'patient%create%' group by 1"
        created = dict(connection.execute(text(creations)).all())
        chains = audit.verify_all(connection)
    found: dict[str, Any] = {
        "patients": len(kept),
        "promised": len(promises.patients),
        "lost_patients": len(promises.patients.keys() - kept.keys()),
        "lost_changes": sum(kept.get(key, 0) < revision for key, revision in promises.patients.items()),
        "promised_predictions": len(promises.predictions),
        "lost_predictions": len(promises.predictions - predicted),
        "predictions": len(predicted),
        "predictions_twice": max(0, len(predicted) - promises.asked_predictions),
        "twice": len(kept) - len({row.first_name for row in rows}),
        "without_audit": sum(key not in created for key in kept),
        "audited_twice": sum(count > 1 for count in created.values()),
        "audit_faults": sum(len(faults) for faults in chains.values()),
    }
    wrong = (
        "lost_patients",
        "lost_changes",
        "lost_predictions",
        "twice",
        "predictions_twice",
        "without_audit",
        "audited_twice",
    )
    found["held"] = not any(found[name] for name in (*wrong, "audit_faults"))
    return found


def report(found: dict[str, Any]) -> str:
    """What was promised, what is missing."""
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in found.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
