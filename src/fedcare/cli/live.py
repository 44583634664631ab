"""The live picture of a run on stderr: redrawn in place on a terminal, plain lines elsewhere, silent when quiet."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from math import isfinite
from threading import RLock
from types import TracebackType
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from fedcare.cli.live_picture import Progress, Row, clean, line_of, picture
from fedcare.report.words import plural

# Redraws a second: enough for a running clock, too few for training to notice.
_RATE = 2


class LiveView:
    """Shows a run while it goes on; a context manager, so that the terminal is left in order whatever happens.

    Its methods are what the round loop's observer calls, in the loop's own thread: they only take notes. Drawing is
    done by a thread that wakes ``_RATE`` times a second.
    """

    def __init__(self, quiet: bool = False, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, quiet=quiet)
        self._quiet = quiet
        self._moving = not quiet and self._console.is_terminal and not self._console.is_dumb_terminal
        self._progress = Progress()
        self._lock = RLock()
        self._last_event = time.monotonic()
        self._live: Live | None = None
        # The round whose first institution has been seen to start.
        self._round = 0

    def __enter__(self) -> LiveView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave the last picture standing; safe to call twice."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def started(
        self, title: str, institutions: Sequence[str], rounds: int, metric: str, unit: str = "", done: int = 0
    ) -> None:
        """The run begins: ``rounds`` in all, of which a resumed run has ``done`` some already."""
        with self._lock:
            table = {name: Row() for name in institutions}
            self._progress = Progress(title, rounds, metric, unit, done, table)
            self._last_event = time.monotonic()
        if self._moving and self._live is None:
            self._live = Live(
                console=self._console,
                get_renderable=self._picture,
                refresh_per_second=_RATE,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start(refresh=True)
        else:
            self._say(f"{title}: {plural(len(institutions), 'institution')}, {plural(rounds, 'round')}")

    def institution_started(self, round: int, institution: str) -> None:  # noqa: A002 (the word of the house)
        """An institution begins to train in a round."""
        with self._lock:
            if round != self._round:
                self._round = round
                for row in self._progress.table.values():
                    row.state, row.reason = "not asked", ""
            self._row(institution).state = "training"

    def institution_finished(self, round: int, institution: str, seconds: float, loss: float) -> None:  # noqa: A002
        """An institution has answered after ``seconds``; ``loss`` is its mean training loss."""
        with self._lock:
            row = self._row(institution)
            row.state, row.loss = "done", loss if isfinite(loss) else None

    def round_finished(self, record: Mapping[str, Any]) -> None:
        """A round stands; ``record`` is its entry of the run's history."""
        with self._lock:
            progress = self._progress
            progress.done = int(record["round"])
            progress.seconds.append(float(record.get("seconds") or 0.0))
            value = (record.get("metrics") or {}).get(progress.metric)
            if value is not None:
                progress.values.append(float(value))
            self._note_institutions(record)
            self._last_event = time.monotonic()
        if not self._moving:
            self._say(line_of(progress, record))

    def note(self, text: str) -> None:
        """One line that stays: above the moving picture, or among the plain lines."""
        if self._live is not None:
            self._console.print(Text(clean(text)))
        else:
            self._say(text)

    def _note_institutions(self, record: Mapping[str, Any]) -> None:
        participants, dropped = record.get("participants") or {}, record.get("dropped") or {}
        metrics = record.get("institutions") or {}
        for name in {*self._progress.table, *participants, *dropped}:
            row = self._row(name)
            row.rows = participants.get(name, row.rows)
            row.value = (metrics.get(name) or {}).get(self._progress.metric, row.value)
            row.reason = str(dropped.get(name, ""))
            row.state = "dropped" if name in dropped else "done" if name in participants else "not asked"

    def _row(self, name: str) -> Row:
        return self._progress.table.setdefault(name, Row())

    def _picture(self) -> RenderableType:
        with self._lock:
            return picture(self._progress, time.monotonic() - self._last_event, self._console)

    def _say(self, text: str) -> None:
        if not self._quiet:
            # Not through Rich's wrapping: a line in a log stays one line.
            self._console.file.write(f"{clean(text)}\n")
            self._console.file.flush()
