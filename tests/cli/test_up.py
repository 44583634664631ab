"""``fedcare up`` as a user has it: real processes, two institutions, stopped and started again."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from fedcare.cli.up_consortium import ADMIN

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")

PATIENCE = 900
UP = [sys.executable, "-m", "fedcare", "up", "--institutions", "2", "--port", "0"]
# What is served at the end of a start, and who makes it up.
PROCESSES = {"gateway", "door", "worker", "node-institution-1", "node-institution-2"}


class Consortium:
    """A ``fedcare up`` in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.output = home.with_suffix(".log")
        self.environment = os.environ | {"FEDCARE_HOME": str(home), "OMP_NUM_THREADS": "1"}
        self.environment.pop("DATABASE_URL", None)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen([*UP, *options], env=self.environment, stdout=output, stderr=output)

    def said(self) -> str:
        return self.output.read_text()

    def await_words(self, words: str) -> str:
        """What it has said, once these words are in it."""
        wait_for(lambda: words in self.said() or self.process.poll() is not None)
        assert words in self.said(), self.said()
        return self.said()

    def address(self) -> str:
        return re.search(r"http://127\.0\.0\.1:\d+", self.said())[0]

    def processes(self) -> dict[str, int]:
        return json.loads((self.home / "processes.json").read_text())["processes"]

    def left(self) -> list[str]:
        """Every live process that works in the home."""
        data = self.home / "postgres" / "data"
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                told = f"FEDCARE_HOME={self.home}\0".encode() in (entry / "environ").read_bytes()
                if told or (entry / "cwd").readlink() == data:
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found


def wait_for(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.05)


@pytest.fixture
def consortium(server_folder):
    made = Consortium(server_folder / "up")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


@contextmanager
def signed_in(consortium: Consortium) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=consortium.address(), timeout=30) as client:
        sign_in(client, consortium, ADMIN)
        yield client


def sign_in(client: httpx.Client, consortium: Consortium, email: str) -> None:
    password = re.search(r"Sign in as admin@institution-1.example with the password (\S+)", consortium.said())[1]
    session = client.post("/api/auth/login", json={"email": email, "password": password})
    assert session.status_code == 200
    client.headers["Authorization"] = f"Bearer {session.json()['access_token']}"


def served(client: httpx.Client) -> set[str]:
    """Tasks whose model answers."""
    return {each["task"] for each in client.get("/api/model/status").json()["tasks"]}


@pytest.mark.timeout(PATIENCE)
def test_a_consortium_starts_stops_and_goes_on_with_what_is_there(consortium):
    a_first_start_ends_with_everything_up_and_models_that_answer(consortium)
    ctrl_c_ends_every_process(consortium)
    a_second_start_goes_on_with_what_is_there_and_nobody_outlives_a_kill(consortium)


def a_first_start_ends_with_everything_up_and_models_that_answer(consortium):
    consortium.start("--demo")
    consortium.await_words("Everything is up")
    assert set(consortium.processes()) == PROCESSES
    with signed_in(consortium) as client:
        names = [each["name"] for each in client.get("/api/institutions").json()["items"]]
        assert names == ["Institution 1", "Institution 2"]
        assert served(client) == {"insurance-cost", "cancer-imaging"}
    second = subprocess.run(
        UP, env=consortium.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert second.returncode == 2
    assert "runs already" in second.stderr


def ctrl_c_ends_every_process(consortium):
    pids = consortium.processes()
    assert consortium.left()
    consortium.process.send_signal(signal.SIGINT)
    assert consortium.process.wait(PATIENCE) == 0
    assert consortium.left() == []
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.values())


def a_second_start_goes_on_with_what_is_there_and_nobody_outlives_a_kill(consortium):
    before = (consortium.home / "released" / "index.json").read_text()
    consortium.start("--demo")
    said = consortium.await_words("Everything is up")
    assert "Training" not in said
    assert (consortium.home / "released" / "index.json").read_text() == before
    with signed_in(consortium) as client:
        assert served(client) == {"insurance-cost", "cancer-imaging"}
        # Nothing was left to train: whoever comes as the printed account gets a run to watch.
        assert client.get("/api/rounds/current").json()["run"]["status"] == "completed"
        sign_in(client, consortium, "admin@institution-1.example")
        wait_for(lambda: client.get("/api/rounds/current").json()["run"]["status"] != "completed")
    consortium.process.kill()
    consortium.process.wait()
    wait_for(lambda: consortium.left() == [])
