"""One run of a command, in a process group of its own, that the kernel ends with the one who started it."""

from __future__ import annotations

import os
import signal
import subprocess
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

from fedcare.lifeline import dies_with_parent


def launch(argv: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a command with its output in ``log``.

    On Linux it is killed when the *thread* that called this ends, however it ends: call it from one that lives as long
    as the process shall. Killed, not asked: whatever runs here must survive that anyway, and nothing can ignore it.
    """
    with warnings.catch_warnings():
        # Python warns of a function run in the child of a process with threads; ours makes two system calls.
        warnings.simplefilter("ignore", DeprecationWarning)
        return subprocess.Popen(  # noqa: S603
            list(argv),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # A Ctrl-C is for the supervisor, which then stops its processes in order.
            preexec_fn=dies_with_parent(),  # noqa: PLW1509
        )


def end(process: subprocess.Popen[bytes], kind: signal.Signals) -> None:
    """Send a signal to a process; does nothing where it has ended."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            process.send_signal(kind)


def clear_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the processes that a process started in its group: their parent cannot stop them now."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def how_it_ended(process: subprocess.Popen[bytes]) -> str:
    """In words, for a log."""
    code = process.returncode
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
