"""A run's folder at the coordinator: what its processes hand on to one another, and who owns the run."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fedcare.aggregation.checkpoint import replace_file
from fedcare.plan import TrainingPlan

MODEL = "model"


class RunPlace:
    """``runs-federation/<run id>`` under FEDCARE_HOME.

    The worker writes the plan and the stop; the runner holds the lock for as long as it lives, whose end the kernel
    sees to, and leaves a result: a run that has one is over, whatever is left to be told of it.
    """

    def __init__(self, home: Path, run_id: str) -> None:
        self.run_id = run_id
        self.folder = home / "runs-federation" / run_id

    def prepare(self, plan: str, active: dict[str, Any] | None) -> None:
        """Write down what an attempt needs: the plan's canonical text, and the version that answers now."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(self.folder / "plan.json", plan)
        _write(self.folder / "active.json", json.dumps(active))

    def plan(self) -> TrainingPlan:
        """The run's plan."""
        return TrainingPlan.model_validate_json((self.folder / "plan.json").read_text(encoding="utf-8"))

    def active(self) -> dict[str, Any] | None:
        """The version that answered when the attempt began: its ``name``, ``hash`` and ``metrics``."""
        return _read(self.folder / "active.json")

    @property
    def model(self) -> Path:
        """Where the run's version is put."""
        return self.folder / MODEL

    # -- its end ------------------------------------------------------------------------------------------------------

    def ask_to_stop(self) -> None:
        """Let the run end after the question that is under way; whoever owns it looks here all the time."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / "stop").touch()

    def is_stopped(self) -> bool:
        """Whether somebody asked for that."""
        return (self.folder / "stop").exists()

    def end(self, result: dict[str, Any]) -> None:
        """Write the result, once and for all."""
        replace_file(self.folder / "result.json", lambda path: path.write_text(json.dumps(result), encoding="utf-8"))

    def result(self) -> dict[str, Any] | None:
        """How the run ended; None while it has not."""
        return _read(self.folder / "result.json")

    # -- its owner ----------------------------------------------------------------------------------------------------

    @contextmanager
    def owned(self) -> Iterator[bool]:
        """Whether the run is ours now; false where another process owns it."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield _took(descriptor)
        finally:
            os.close(descriptor)

    def has_owner(self) -> bool:
        """Whether a live process owns the run."""
        if not (self.folder / "lock").exists():
            return False
        with self.owned() as ours:
            return not ours


def _took(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(path: Path, text: str) -> None:
    replace_file(path, lambda beside: beside.write_text(text, encoding="utf-8"))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return dict(found) if found is not None else None
