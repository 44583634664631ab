"""Processes that do not outlive the one who started them, on systems whose kernel sees to it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_SET_PARENT_DEATH_SIGNAL = 1


def dies_with_parent(kind: signal.Signals = signal.SIGKILL) -> Callable[[], None] | None:
    """What a child runs before it becomes its command; None where the system has no such signal.

    The child is sent ``kind`` when the *thread* that started it ends, however it ends.
    """
    if not sys.platform.startswith("linux"):
        return None
    # Everything is looked up here: between fork and exec only system calls are safe.
    prctl, parent, number = ctypes.CDLL(None).prctl, os.getpid(), int(kind)

    def ask() -> None:
        prctl(_SET_PARENT_DEATH_SIGNAL, number)
        if os.getppid() != parent:  # It died before it could be watched.
            os._exit(1)

    return ask
