"""A gateway as its users have it: an embedded PostgreSQL, worker processes, two institutions and their people."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy

from fedcare.db import migrate
from fedcare.db.embedded import EmbeddedServer
from fedcare.db.ids import new_id
from fedcare.db.login import gateway_url
from fedcare.db.tables import institutions, medical_workers
from fedcare.db.urls import with_driver
from fedcare.gateway.auth.passwords import Passwords
from fedcare.gateway.config import GatewayConfig

ROLES = ("nurse", "doctor", "admin")
START_SECONDS = 120


@dataclass
class Served:
    """A running gateway: ``port`` of its HTTP, ``tokens`` by (role, institution's id), ``owner`` bound by no policy;
    everybody's ``password``, for addresses such as doctor@1.example."""

    port: int
    home: Path
    owner_url: str
    owner: sqlalchemy.Engine
    postgres: EmbeddedServer
    process: subprocess.Popen[bytes]
    password: str
    tokens: dict[tuple[str, int | None], str] = field(default_factory=dict)

    def bearer(self, role: str = "doctor", institution: int | None = 1) -> dict[str, str]:
        """The header of a session."""
        return {"Authorization": f"Bearer {self.tokens[role, institution]}"}

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """One request, its answer's JSON; raises on a status that is no success."""
        data = None if body is None else json.dumps(body).encode()
        address = f"http://127.0.0.1:{self.port}{path}"
        headers = {"Content-Type": "application/json"} | (headers or {})
        with urllib.request.urlopen(urllib.request.Request(address, data, headers, method=method)) as answer:
            text = answer.read()
        return json.loads(text) if text else None


@contextmanager
def serve(folder: Path, *, workers: int = 1, fast: bool = False) -> Iterator[Served]:
    """A gateway over an embedded PostgreSQL under ``folder``; ``fast`` forgoes what protects it from a power cut."""
    folder.chmod(0o711)
    home = folder / "home"
    with EmbeddedServer(home / "postgres", fast=fast) as postgres:
        owner_url = postgres.url("postgres")
        migrate.upgrade(owner_url)
        owner = sqlalchemy.create_engine(with_driver(owner_url), poolclass=sqlalchemy.NullPool)
        password = secrets.token_urlsafe(16)
        _people(owner, password)
        environment = os.environ | {
            "FEDCARE_HOME": str(home),
            "DATABASE_URL": gateway_url(owner_url, home / "keys" / "database"),
            "FEDCARE_ARGON2_LIGHT": "1",
        }
        with (folder / "gateway.log").open("wb") as log:
            process = _start(workers, environment, log)
            try:
                port = _port_of(folder / "gateway.log", process)
                served = Served(port, home, owner_url, owner, postgres, process, password)
                wait_until_up(port, process)
                _sign_in(served)
                yield served
            finally:
                process.terminate()
                process.wait(30)
                owner.dispose()


def wait_until_up(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not start; its log is beside its folder")


def uvicorn(app: str, port: int, *options: str) -> list[str]:
    """The command line of a server process on loopback."""
    return [
        sys.executable,
        "-m",
        "uvicorn",
        app,
        "--port",
        str(port),
        "--log-level",
        "warning",
        "--no-access-log",
        *options,
    ]


def _start(workers: int, environment: dict[str, str], log: Any) -> subprocess.Popen[bytes]:
    """The product's own command, so that its supervisor is the one that is measured and killed."""
    command = [sys.executable, "-m", "fedcare", "gateway", "--port", "0", "--workers", str(workers)]
    return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def _port_of(log: Path, process: subprocess.Popen[bytes]) -> int:
    """The port that the gateway took, as it says itself."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if said := re.search(r"FedCare is at http://[^ ]+:(\d+)", log.read_text()):
            return int(said[1])
        time.sleep(0.05)
    raise SystemExit("the server did not start; its log is beside its folder")


def _people(owner: sqlalchemy.Engine, password: str) -> None:
    hashed = Passwords(GatewayConfig(Path(), argon2_light=True).argon2_light).hash(password)
    with owner.begin() as tx:
        for name in ("A", "B"):
            number = tx.execute(
                sqlalchemy.insert(institutions).values(name=name).returning(institutions.c.id)
            ).scalar_one()
            for role in ROLES:
                _worker(tx, number, role, f"{role}@{number}.example", hashed)
        _worker(tx, None, "admin", "consortium@0.example", hashed)


def _worker(tx: sqlalchemy.Connection, institution: int | None, role: str, email: str, hashed: str) -> None:
    values = {"institution_id": institution, "id": new_id(), "email": email, "name": role, "role": role}
    tx.execute(sqlalchemy.insert(medical_workers).values(password_hash=hashed, **values))


def _sign_in(served: Served) -> None:
    accounts = [(role, number) for role in ROLES for number in (1, 2)] + [("consortium", None)]
    for role, number in accounts:
        body = {"email": f"{role}@{number or 0}.example", "password": served.password}
        served.tokens[role, number] = served.ask("POST", "/api/auth/login", body)["access_token"]
