"""A process that is kept running: whenever it ends, another takes its place, later and later if it ends at once."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from signal import SIGKILL, SIGTERM

from fedcare.supervision import logs
from fedcare.supervision.child import Child
from fedcare.supervision.process import clear_group, end, how_it_ended, launch

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
STEADY_SECONDS = 30.0
"""Seconds that a process has to live for its next end to count as the first one."""


class Kept:
    """The state of one child; used by the supervisor's thread alone, but for what is read.

    ``on_event`` is told in words what happens. ``deaths`` counts its ends, and ``last_words`` is the last line of the
    log at the latest one: most often the reason.
    """

    def __init__(self, child: Child, log: Path, on_event: Callable[[str], None]) -> None:
        self.child, self.log = child, log
        self.deaths = 0
        self.last_words = ""
        self._say = on_event
        self._process: subprocess.Popen[bytes] | None = None
        self._pause, self._started_at, self._start_at = FIRST_PAUSE, 0.0, 0.0
        self._said = 0

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._process.pid if self._process else None

    def tend(self) -> bool:
        """Notice an end, and start where it is time; whether anything changed."""
        if self._process is not None:
            if self._process.poll() is None:
                return False
            self._bury(self._process)
            return True
        if time.monotonic() < self._start_at:
            return False
        self._start()
        return True

    def ask_to_stop(self) -> None:
        """Let it finish what it is doing."""
        if self._process:
            end(self._process, SIGTERM)

    def stop(self, until: float, hurry: threading.Event) -> None:
        """Wait for its end to that moment of the monotonic clock or ``hurry``, then kill; nothing of it is left."""
        if self._process is None:
            return
        while self._process.poll() is None and time.monotonic() < until and not hurry.is_set():
            time.sleep(0.02)
        if self._process.poll() is None:
            self._say(f"{self.child.name}: did not stop in time and is killed")
            end(self._process, SIGKILL)
            self._process.wait()
        clear_group(self._process)
        self._process = None

    def _start(self) -> None:
        logs.trim(self.log)
        self._said = self.log.stat().st_size if self.log.exists() else 0
        self._started_at = time.monotonic()
        try:
            with logs.open_log(self.log) as log:
                self._process = launch(self.child.argv, self.child.environment(), log)
        except OSError as error:  # Such as a full process table; the cause may pass.
            self._put_off(f"could not be started ({error.strerror or error})")

    def _bury(self, process: subprocess.Popen[bytes]) -> None:
        clear_group(process)
        self._process = None
        self.last_words = logs.last_line(self.log, self._said).removeprefix("error: ")
        if time.monotonic() - self._started_at > STEADY_SECONDS:
            self._pause = FIRST_PAUSE
        self._put_off(how_it_ended(process))

    def _put_off(self, why: str) -> None:
        self.deaths += 1
        self._start_at = time.monotonic() + self._pause
        text = f"{why}; another takes its place in {self._pause:g} s"
        logs.note(self.log, text)
        self._say(f"{self.child.name}: {text}")
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
