"""The jobs that this very process works on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID


class InHand:
    """Jobs and runs by their ids; threads share it."""

    def __init__(self) -> None:
        self._runs: dict[int, UUID] = {}
        self._guard = threading.Lock()

    @contextmanager
    def taking(self, job_id: int, run_id: UUID) -> Iterator[None]:
        """The job is in hand inside."""
        with self._guard:
            self._runs[job_id] = run_id
        try:
            yield
        finally:
            with self._guard:
                del self._runs[job_id]

    def jobs(self) -> set[int]:
        """All jobs in hand."""
        with self._guard:
            return set(self._runs)

    def has(self, run_id: UUID) -> bool:
        """Whether a job of this run is in hand."""
        with self._guard:
            return run_id in self._runs.values()
