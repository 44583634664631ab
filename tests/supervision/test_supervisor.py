"""What a supervisor promises: order, replacement, logs, and that nobody stays behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.supervision.programs import FAILING, STEADY, STUBBORN, WITH_CHILD

from fedcare.errors import ProcessFailed
from fedcare.supervision.child import Child
from fedcare.supervision.supervisor import Supervisor

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a parent-death signal")


def soon(condition: Callable[[], object], seconds: float = 120) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has asked about yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wrote(log: Path) -> Callable[[], bool]:
    return lambda: log.exists() and log.read_text() != ""


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path, said):
    with Supervisor(tmp_path / "logs", said.append, tmp_path / "processes.json") as made:
        yield made


def test_it_starts_in_order_and_waits_for_each_to_be_ready(supervisor, tmp_path):
    begun = []
    for name in ("first", "second"):
        ready = wrote(tmp_path / "logs" / f"{name}.log")
        supervisor.start([Child(name, STEADY, ready=ready)])
        assert ready()
        begun.append(supervisor.pids()[name])
    assert supervisor.pids() == {"first": begun[0], "second": begun[1]}
    # The keeper writes it after it has started a process, which may be ready before.
    status = tmp_path / "processes.json"
    assert soon(lambda: json.loads(status.read_text())["processes"] == supervisor.pids())
    assert json.loads(status.read_text())["supervisor"] == os.getpid()


@linux
def test_whoever_is_killed_is_replaced_and_what_it_started_goes_too(supervisor, tmp_path, said):
    log = tmp_path / "logs" / "parent.log"
    supervisor.start([Child("parent", WITH_CHILD, ready=wrote(log))])
    parent, child = supervisor.pids()["parent"], int(log.read_text())
    os.kill(parent, signal.SIGKILL)
    assert soon(lambda: supervisor.pids()["parent"] not in {parent, None})
    assert soon(lambda: is_gone(child))
    assert said == ["parent: was ended by SIGKILL; another takes its place in 0.5 s"]
    assert "was ended by SIGKILL" in log.read_text()


def test_one_that_ends_at_once_is_given_up_with_its_last_words(supervisor):
    with pytest.raises(ProcessFailed, match="did not start: the port is taken"):
        supervisor.start([Child("failing", FAILING, ready=lambda: False)])


def test_one_that_is_never_ready_is_given_up_in_its_time(supervisor):
    def ready() -> bool:
        raise ConnectionRefusedError

    with pytest.raises(ProcessFailed, match=r"longer than 0\.3 s"):
        supervisor.start([Child("silent", STEADY, ready=ready, ready_seconds=0.3)])


def test_the_pauses_between_replacements_grow(supervisor, said):
    supervisor.start([Child("failing", FAILING)])
    assert soon(lambda: len(said) >= 3)
    assert [line.rpartition(" in ")[2] for line in said[:3]] == ["0.5 s", "1 s", "2 s"]


def test_a_stop_ends_the_last_first_and_kills_who_does_not_hear(tmp_path, said):
    with Supervisor(tmp_path, said.append) as supervisor:
        supervisor.start([Child("first", STEADY, ready=wrote(tmp_path / "first.log"))])
        supervisor.start([Child("deaf", STUBBORN, ready=wrote(tmp_path / "deaf.log"), grace=0.3)])
        pids = supervisor.pids()
    assert all(is_gone(pid) for pid in pids.values())
    assert said == ["deaf: did not stop in time and is killed"]


def test_a_child_has_its_own_environment_and_a_private_log(supervisor, tmp_path):
    log = tmp_path / "logs" / "telling.log"
    telling = [sys.executable, "-c", "import os, signal; print(os.environ['TOLD'], flush=True); signal.pause()"]
    supervisor.start([Child("telling", telling, {"TOLD": "something"}, ready=wrote(log))])
    assert log.read_text() == "something\n"
    assert log.stat().st_mode & 0o077 == 0


SUPERVISING = """
import sys
from pathlib import Path
from fedcare.supervision.child import Child
from fedcare.supervision.supervisor import supervise
from tests.supervision.programs import STEADY, WITH_CHILD
home = Path(sys.argv[1])
ready = lambda: (home / "two.log").read_text() != ""
supervise([[Child("one", STEADY)], [Child("two", STEADY, ready=ready)]], home, print, home / "processes.json")
"""


def running(status: Path) -> list[int | None]:
    return list(json.loads(status.read_text())["processes"].values()) if status.exists() else []


@pytest.fixture
def supervising(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", SUPERVISING, str(tmp_path)], stdout=subprocess.PIPE)
    status = tmp_path / "processes.json"
    assert soon(lambda: (tmp_path / "two.log").exists() and "here" in (tmp_path / "two.log").read_text())
    # Who runs is written after a process has been started, which may have said that it is there before.
    assert soon(lambda: len([pid for pid in running(status) if pid]) == 2)
    yield process, running(status)
    process.kill()
    process.communicate()


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_order(supervising, kind, tmp_path):
    process, pids = supervising
    process.send_signal(kind)
    assert process.wait(120) == 0
    assert len(pids) == 2
    assert all(is_gone(pid) for pid in pids)
    assert not (tmp_path / "processes.json").exists()


@linux
def test_nobody_outlives_a_supervisor_that_is_killed(supervising):
    process, pids = supervising
    process.kill()
    process.wait()
    assert soon(lambda: all(is_gone(pid) for pid in pids))
