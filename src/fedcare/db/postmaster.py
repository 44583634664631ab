"""One run of the program ``postgres`` on one data folder, and what an earlier run may have left there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fedcare.db.account import Account
from fedcare.lifeline import dies_with_parent

# Failed statements and their details can hold a patient's values, so only the server's own events are logged.
_QUIET = {"log_min_messages": "log", "log_min_error_statement": "panic", "log_error_verbosity": "terse"}
_ALWAYS = {"unix_socket_directories": "", "timezone": "UTC", "log_timezone": "UTC"}
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def launch(binaries: Path, data: Path, port: int, log: Path, account: Account, fast: bool) -> subprocess.Popen[bytes]:
    """Start ``postgres`` as our own child, on 127.0.0.1 only.

    On Linux it is told to shut down when the thread that called this ends, so that no server outlives a killed owner.
    """
    command = [str(binaries / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port)]
    for name, value in (_ALWAYS | _QUIET | (_FAST if fast else {})).items():
        command += ["-c", f"{name}={value}"]
    # A log tells names of databases and accounts: like the data, it is the owner's alone.
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "ab") as sink, warnings.catch_warnings():
        # Python warns of a function run in the child of a process with threads; ours makes two system calls.
        warnings.simplefilter("ignore", DeprecationWarning)
        return subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd="/",
            env=environment(),
            start_new_session=True,  # A Ctrl-C is for the owner, which then stops the server in order.
            preexec_fn=dies_with_parent(signal.SIGINT),  # noqa: PLW1509
            **account.options(),
        )


def environment() -> dict[str, str]:
    """Our environment without what would turn PostgreSQL's programs elsewhere, and with messages in English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def is_ready(data: Path, process: subprocess.Popen[bytes]) -> bool:
    """Whether the server takes connections, by its own word in ``postmaster.pid``."""
    with suppress(OSError, ValueError, IndexError):
        lines = (data / "postmaster.pid").read_text().splitlines()
        return int(lines[0]) == process.pid and lines[7].strip() == "ready"
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """Shut down in order; with less order if that takes too long."""
    for kind, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        if process.poll() is not None:
            return
        process.send_signal(kind)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def clear_stale(data: Path, patience: float = 20) -> bool:
    """Make way for a new run after one that ended without order; False when a server still runs there.

    Call it only with the folder's lock held: whatever is found belongs to an owner that is gone. A server that is on
    its way down is waited for; so are the sessions of one that was killed. An orphan, as there is without a
    parent-death signal, is told to go. A pid file whose pid now belongs to another program, or to nobody, is removed:
    PostgreSQL would take it for a running server.
    """
    until = time.monotonic() + patience
    while running := list(_processes_in(data)):
        if time.monotonic() > until:
            return False
        server = _pid_in_file(data)
        for pid, kind in [(server, signal.SIGINT)] if server in running else [(pid, signal.SIGTERM) for pid in running]:
            with suppress(ProcessLookupError):
                os.kill(pid, kind)
        time.sleep(0.05)
    (data / "postmaster.pid").unlink(missing_ok=True)
    return True


def _pid_in_file(data: Path) -> int:
    try:
        return abs(int((data / "postmaster.pid").read_text().split("\n", 1)[0]))
    except (OSError, ValueError):
        return 0


def _processes_in(data: Path) -> Iterator[int]:
    """The postgres processes at work in a data folder: each has it as its working folder."""
    if not sys.platform.startswith("linux"):
        yield from _recorded(data)
        return
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # A zombie has neither link, and another account's process shows us none: both are not our server.
            with suppress(OSError):
                if (entry / "cwd").readlink() == data and (entry / "exe").readlink().name.startswith("postgres"):
                    yield int(entry.name)


def _recorded(data: Path) -> Iterator[int]:
    """Without /proc: the pid of the pid file, if ``ps`` shows a postgres on this very folder under it."""
    pid = _pid_in_file(data)
    if pid:
        shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
        if "postgres" in shown.stdout and str(data) in shown.stdout:
            yield pid
