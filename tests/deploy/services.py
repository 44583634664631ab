"""The services of the compose file as plain processes: same commands, same environment, other paths and ports."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from tests.deploy.reading import DEPLOY, interpolated

from fedcare.db.binaries import find_binaries
from fedcare.db.embedded import EmbeddedServer
from fedcare.db.urls import without_driver
from fedcare.ports import free_port
from fedcare.supervision.process import clear_group, launch

START_SECONDS = 300
FEDCARE = [sys.executable, "-m", "fedcare"]


class Stage:
    """Where containers would be: names of hosts and paths inside them become those of this machine."""

    def __init__(self, services: dict, folder: Path, postgres_port: int) -> None:
        self.home = folder / "home"
        self.folder, self.gateway, self.door = folder, free_port(), free_port()
        given = {
            "FEDCARE_DB_OWNER_PASSWORD": secrets.token_hex(12),
            "FEDCARE_DB_PASSWORD": secrets.token_hex(12),
            "FEDCARE_PUBLIC_URL": "https://gateway.example",
        }
        self.services = interpolated(services, given)
        self._here = {
            "/var/lib/fedcare": str(self.home),
            "/opt/fedcare/health.py": str(DEPLOY / "health.py"),
            "@postgres:5432": f"@127.0.0.1:{postgres_port}",
            "http://gateway:8000": f"http://127.0.0.1:{self.gateway}",
            "127.0.0.1:8000": f"127.0.0.1:{self.gateway}",
            "127.0.0.1:8443": f"127.0.0.1:{self.door}",
        }

    def environment(self, name: str) -> dict[str, str]:
        """A service's environment, and of this one's only what programs need to be found."""
        own = {key: self._moved(value) for key, value in self.services[name]["environment"].items()}
        return (
            {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ} | {"HOME": str(self.folder)} | own
        )

    def command(self, name: str) -> list[str]:
        """A service's command line, which in the image goes to ``fedcare``."""
        ports = {"8000": str(self.gateway), "8443": str(self.door), "0.0.0.0": "127.0.0.1"}
        return [*FEDCARE, *(ports.get(word, word) for word in self.services[name]["command"])]

    def run(self, name: str, *words: str) -> str:
        """A command of ``fedcare`` as ``docker compose run NAME`` would run it; what it printed."""
        command = [*FEDCARE, *words] if words else self.command(name)
        environment = self.environment(name)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=3000, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, name: str) -> Iterator[subprocess.Popen]:
        """The service, once its own health check says so."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            process = launch(self.command(name), self.environment(name), out)
        try:
            until = time.monotonic() + START_SECONDS
            while not self.is_healthy(name):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.5)
            yield process
        finally:
            process.terminate()
            process.wait(300)
            clear_group(process)

    def is_healthy(self, name: str) -> bool:
        """Whether the service's health check passes."""
        _, program, *words = (self._moved(word) for word in self.services[name]["healthcheck"]["test"])
        command = {"python": [sys.executable], "fedcare": FEDCARE}[program]
        environment = self.environment(name)
        done = subprocess.run([*command, *words], env=environment, capture_output=True, timeout=3000, check=False)
        return done.returncode == 0

    def _moved(self, text: str) -> str:
        for there, here in self._here.items():
            text = text.replace(there, here)
        return text


@contextmanager
def stage(services: dict, folder: Path) -> Iterator[Stage]:
    """A PostgreSQL as the image makes it from the file's environment, and a stage for the others."""
    with EmbeddedServer(folder / "postgres", fast=True) as server:
        found = Stage(services, folder, server.port)
        own = found.services["postgres"]["environment"]
        owner, password = sql.Identifier(own["POSTGRES_USER"]), sql.Literal(own["POSTGRES_PASSWORD"])
        with psycopg.connect(without_driver(server.url("postgres")), autocommit=True) as connection:
            # The image's first account is a superuser.
            connection.execute(sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}").format(owner, password))
            name = sql.Identifier(own["POSTGRES_DB"])
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PATH": f"{find_binaries()}:{os.environ['PATH']}"}
        script = [str(DEPLOY / "postgres-roles.sh")]
        done = subprocess.run(script, env=own | where, capture_output=True, text=True, timeout=3000, check=False)
        assert done.returncode == 0, done.stderr
        check = found.services["postgres"]["healthcheck"]["test"][1:]
        subprocess.run(check, env=where, check=True, capture_output=True, timeout=300)
        yield found
