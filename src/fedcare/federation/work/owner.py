"""Carrying one run to its end: an attempt is a process, and when it dies another one goes on."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from fedcare.db.database import Database
from fedcare.errors import DatabaseUnavailable
from fedcare.federation.run.place import RunPlace
from fedcare.federation.work import claims
from fedcare.federation.work.attempts import MOST, Attempts
from fedcare.lifeline import dies_with_parent
from fedcare.trust.bulletin import publish_plan

LOOK_SECONDS, AWAY_SECONDS = 1.0, 1.0
LOG = "runner.log"

T = TypeVar("T")
log = logging.getLogger(__name__)


class Owner:
    """The worker's side of a run, in the thread of its job."""

    def __init__(self, database: Database, home: Path, run_id: UUID) -> None:
        self._database, self._home, self._run = database, home, run_id
        self._place = RunPlace(home, str(run_id))
        self._attempts = Attempts(self._place.folder)

    def carry(self) -> None:
        """Attempt after attempt, until the run has ended and everybody knows."""
        while (claim := self._patiently(lambda: claims.take_up(self._database, self._run))) is not None:
            self._place.prepare(claim.plan, claim.active)
            publish_plan(self._home / "consortium", claim.plan_hash, claim.plan, "in use")
            if self._attempts.begin() > MOST:
                self._give_up()
                return
            code = self._attempt()
            if code == 0:
                return
            log.warning("run %s: an attempt ended with %s (%s)", self._run, code, self._last_words())
            time.sleep(self._attempts.pause())

    def _attempt(self) -> int:
        """One process; its exit code. It is killed with this thread."""
        with (self._place.folder / LOG).open("ab") as out:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "fedcare.federation.run", str(self._run)],
                env=dict(os.environ) | {"FEDCARE_HOME": str(self._home)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                preexec_fn=dies_with_parent(),  # noqa: PLW1509
            )
            while True:
                try:
                    return process.wait(LOOK_SECONDS)
                except subprocess.TimeoutExpired:
                    self._pass_on_stop()

    def _pass_on_stop(self) -> None:
        try:
            if not self._place.is_stopped() and claims.wants_stop(self._database, self._run):
                self._place.ask_to_stop()
        except DatabaseUnavailable:
            pass  # It is asked again in a second.

    def _give_up(self) -> None:
        reason = f"{MOST} attempts in a row came no further; the last one: {self._last_words()}"
        self._place.end({"status": "failed", "reason": reason})
        self._patiently(lambda: claims.give_up(self._database, self._run, reason))

    def _last_words(self) -> str:
        """The last line of the attempts' log."""
        path = self._place.folder / LOG
        if not path.exists():
            return "it said nothing"
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 2000))
            lines = file.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")[-500:]

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask the database, for as long as it takes to come back."""
        while True:
            try:
                return ask()
            except DatabaseUnavailable:
                time.sleep(AWAY_SECONDS)
