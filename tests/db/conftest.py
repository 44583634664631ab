"""What the database's tests share: a process that owns or joins a server, to be killed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from fedcare.db.embedded import EmbeddedServer
from fedcare.db.urls import without_driver

# Says where its server is in one line, then waits until its input ends.
_HOLD = """
import json, sys
from pathlib import Path
from fedcare.db.embedded import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1]), fast=False) as server:
    print(json.dumps({"url": server.url("postgres"), "owner": server.is_owner, "pid": server.pid}), flush=True)
    sys.stdin.read()
"""


class Holder:
    """Another process that has an embedded server open."""

    def __init__(self, root: Path, **options) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )

    def ready(self) -> dict:
        """Wait for its server; what it says of it."""
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        """Let it end in order."""
        self.process.communicate(timeout=120)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def root(server_folder) -> Iterator[Path]:
    """A folder for one server, which does not exist yet."""
    folder = server_folder / uuid4().hex
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def seed(server_folder) -> Path:
    """The folder of a server that was started and stopped once, for copies: making one takes a second."""
    with EmbeddedServer(server_folder / "seed", fast=True):
        pass
    (server_folder / "seed" / "owner.lock").unlink()  # It would suggest one port to all copies.
    return server_folder / "seed"


@pytest.fixture
def made(seed, root) -> Path:
    """A folder for one server whose data was made before."""
    subprocess.run(["cp", "-a", seed, root], check=True)  # With owners and permissions.
    return root


@pytest.fixture
def holder() -> Iterator[Callable[..., Holder]]:
    """Starts processes that hold a server; none outlives the test."""
    started = []

    def start(root: Path, **options) -> Holder:
        started.append(Holder(root, **options))
        return started[-1]

    yield start
    for one in started:
        with suppress(ValueError, subprocess.TimeoutExpired):
            one.end()
        one.kill()
        for pipe in (one.process.stdin, one.process.stdout):
            pipe.close()


def query(url: str, statement: str) -> list[tuple]:
    """Run one statement and commit it; its rows."""
    with psycopg.connect(without_driver(url), connect_timeout=60, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def ask() -> Callable[[str, str], list[tuple]]:
    """Runs one statement at an address."""
    return query


def at_work_in(root: Path) -> list[int]:
    """The processes whose working folder is the server's data."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == root.resolve() / "data":
                found.append(int(entry.name))
    return found


@pytest.fixture
def servers_in() -> Callable[[Path], list[int]]:
    """Tells which processes work on a server's data."""
    return at_work_in


@pytest.fixture(scope="module")
def shared_url(postgres, template) -> Iterator[str]:
    """The owner's URL of a migrated database that the tests of one module share: each leaves it as it was."""
    name = postgres.create(template)
    yield postgres.url(name)
    postgres.drop(name)
