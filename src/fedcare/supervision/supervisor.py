"""The supervisor: what ``fedcare up`` and ``fedcare coordinator`` run their processes with."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType

from fedcare.errors import ProcessFailed
from fedcare.supervision import logs
from fedcare.supervision.child import Child
from fedcare.supervision.kept import Kept

_LOOK = 0.1  # seconds between two looks of the keeper
_TRIM = 60.0  # seconds between two looks at the logs' lengths
_QUICK_DEATHS = 3  # of a process that was never ready, before its start is given up


class Supervisor:
    """Keeps processes running until it is stopped.

    ``logs`` is the folder of their logs, ``NAME.log`` each. ``say`` is told one line for each thing that happens, from
    another thread. ``status`` is a JSON file that says who runs: ``{"supervisor": pid, "processes": {name: pid}}``.
    """

    def __init__(self, logs: Path, say: Callable[[str], None], status: Path | None = None) -> None:
        self._logs, self._say, self._status = logs, say, status
        self._stages: list[list[Kept]] = []
        self._guard = threading.Lock()
        self._ending = threading.Event()
        self._hurry = threading.Event()
        # The kernel ties a process's life to the thread that started it: one thread starts and stops them all.
        self._keeper = threading.Thread(target=self._keep, name="fedcare-supervisor", daemon=True)

    def __enter__(self) -> Supervisor:
        self._keeper.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self, children: Sequence[Child]) -> None:
        """Start these together, and return when all of them are ready.

        Raises ProcessFailed for one that is not in its time, or that ends again and again before it is.
        """
        stage = [Kept(child, self._logs / f"{child.name}.log", self._say) for child in children]
        with self._guard:
            self._stages.append(stage)
        begun = time.monotonic()
        for kept in stage:
            while not self._is_ready(kept):
                self._refuse_hopeless(kept, begun)
                time.sleep(0.05)

    def pids(self) -> dict[str, int | None]:
        """The process of each name; None while one waits for its next start."""
        with self._guard:
            return {kept.child.name: kept.pid for stage in self._stages for kept in stage}

    def stop(self) -> None:
        """Stop every process, those started last first; returns when none is left. A second call hurries the first."""
        if self._ending.is_set():
            self._hurry.set()
        self._ending.set()
        while self._keeper.is_alive():
            self._keeper.join(0.2)  # Not for ever at once: a signal has to come through.

    @contextmanager
    def stopped_by_signals(self) -> Iterator[None]:
        """Ctrl-C, SIGTERM and a closed terminal raise SystemExit here; one more of them kills what still stops.

        For the main thread alone.
        """
        asked = threading.Event()

        def on_signal(number: int, frame: FrameType | None) -> None:
            if asked.is_set() or self._ending.is_set():
                self._hurry.set()
                return
            asked.set()
            raise SystemExit(0)

        for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(kind, on_signal)
        yield

    def wait(self) -> None:
        """Nothing more to do until a signal comes."""
        while not self._ending.wait(1.0):
            pass

    # -- the keeper's thread ------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        trimmed = time.monotonic()
        while not self._ending.wait(_LOOK):
            with self._guard:
                everybody = [kept for stage in self._stages for kept in stage]
            if any([kept.tend() for kept in everybody]):  # noqa: C419  Each has its turn.
                self._write_status()
            if time.monotonic() - trimmed > _TRIM:
                trimmed = time.monotonic()
                for kept in everybody:
                    logs.trim(kept.log)
        self._stop_all()

    def _stop_all(self) -> None:
        for stage in reversed(self._stages):
            for kept in stage:
                kept.ask_to_stop()
            begun = time.monotonic()
            for kept in stage:
                kept.stop(begun + kept.child.grace, self._hurry)
        if self._status:
            self._status.unlink(missing_ok=True)

    def _write_status(self) -> None:
        if self._status:
            self._status.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = self._status.with_name(f"{self._status.name}.part")
            part.write_text(json.dumps({"supervisor": os.getpid(), "processes": self.pids()}), encoding="utf-8")
            part.rename(self._status)

    # -- readiness ----------------------------------------------------------------------------------------------------

    @staticmethod
    def _is_ready(kept: Kept) -> bool:
        if kept.pid is None:
            return False
        try:
            return kept.child.ready is None or kept.child.ready()
        except Exception:  # Whatever a question to a process that starts can meet, it means "not yet".
            return False

    def _refuse_hopeless(self, kept: Kept, begun: float) -> None:
        if self._ending.is_set():
            raise ProcessFailed(name=kept.child.name, reason="it was stopped while starting", log=kept.log)
        if kept.deaths >= _QUICK_DEATHS:
            raise ProcessFailed(name=kept.child.name, reason=kept.last_words or "it said nothing", log=kept.log)
        if time.monotonic() - begun > kept.child.ready_seconds:
            reason = f"it took longer than {kept.child.ready_seconds:g} s"
            raise ProcessFailed(name=kept.child.name, reason=reason, log=kept.log)


def supervise(
    stages: Sequence[Sequence[Child]], logs: Path, say: Callable[[str], None], status: Path | None = None
) -> None:
    """Run these, one stage after the other, until a signal says stop; for the main thread. Raises ProcessFailed."""
    with Supervisor(logs, say, status) as supervisor, supervisor.stopped_by_signals():
        for stage in stages:
            supervisor.start(stage)
        supervisor.wait()
