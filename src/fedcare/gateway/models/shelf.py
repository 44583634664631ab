"""The versions that answer, ready in memory.

The database says which version is active for a task; this keeps it loaded. Loading happens in the listener's thread or
in that of whoever activates, never in a request for a prediction; what is loaded replaces what answered in one step.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog

from fedcare.db.database import Database, Scope
from fedcare.errors import DatabaseUnavailable, FedCareError, InvalidRequest, NoActiveModel, UnusableModel
from fedcare.gateway.events import Handler
from fedcare.gateway.models import repository
from fedcare.gateway.models.artifact import Ready, load
from fedcare.gateway.models.repository import CHANNEL, Rows

log = structlog.get_logger("fedcare.gateway")

# The tasks that every gateway is asked for: without a version it is the gateway that is not ready, not the request.
EXPECTED = frozenset({"insurance-cost", "cancer-imaging"})
# How many versions that were active before are tried where the active one is damaged and nothing is loaded yet.
TRIED = 3
RETRIES, RETRY_SECONDS = 4, 0.25


@dataclass(frozen=True)
class Place:
    """Who answers for a task: ``ready`` is ``active`` unless that one is damaged or missing, as ``fault`` explains.

    ``before`` is the version that a rollback would go back to.
    """

    task: str
    active: str
    since: datetime | None
    before: str | None = None
    ready: Ready | None = None
    fault: str | None = None
    challenger: Ready | None = None
    challenger_name: str | None = None
    challenger_fault: str | None = None
    fraction: float = 0.0
    sharing_since: datetime | None = None


class Shelf:
    """Versions under ``folder``, one folder each by name; threads may share it."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self._database = database
        self._lock = threading.Lock()
        self._places: Mapping[str, Place] = MappingProxyType({})
        self._known = EXPECTED
        self._institutions: Mapping[int, str] = MappingProxyType({})

    def news(self) -> dict[str, Handler]:
        """What to do when an activation is told of, and after every connection."""
        return {CHANNEL: lambda _: self._catch_up()}

    def tasks(self) -> set[str]:
        """The tasks for which a version answers."""
        return {task for task, place in self._places.items() if place.ready is not None}

    def places(self) -> list[Place]:
        """Every task that has an active version, by name."""
        return [self._places[task] for task in sorted(self._places)]

    def place(self, task: str) -> Place:
        """Who answers for a task; raises NoActiveModel, UnusableModel, or InvalidRequest for one that nobody knows."""
        found = self._places.get(task)
        if found is None or found.ready is None:
            raise self._absent(task)
        return found

    def pick(self, task: str, key: Callable[[], bytes]) -> Ready:
        """The version that answers; ``key`` names the patient or record, who always gets the same one.

        Raises NoActiveModel, UnusableModel, or InvalidRequest for a task that nobody knows here.
        """
        found = self._places.get(task)
        if found is None or found.ready is None:
            raise self._absent(task)
        if found.challenger is not None and share_of(found.challenger.name, key()) < found.fraction:
            return found.challenger
        return found.ready

    def institution(self, institution_id: int | None) -> str | None:
        """The institution's name, by which a version may know intervals of its own."""
        return None if institution_id is None else self._institutions.get(institution_id)

    def reload(self) -> None:
        """Take over what the database says; raises DatabaseUnavailable, and then everything stays as it was."""
        with self._lock:
            with self._database.transaction(Scope.of(None)) as tx:
                rows = repository.everything(tx)
            places = {task: self._placed(task, rows) for task in rows.answering if rows.answering[task][0].is_active}
            self._places = MappingProxyType(places)
            self._known = EXPECTED | rows.tasks
            self._institutions = MappingProxyType(dict(rows.institutions))

    def _catch_up(self) -> None:
        """Reload, with patience: the pool may still hold connections to a server that went away."""
        for left in reversed(range(RETRIES)):
            try:
                self.reload()
                return
            except DatabaseUnavailable:
                if not left:
                    raise
                time.sleep(RETRY_SECONDS)

    def _placed(self, task: str, rows: Rows) -> Place:
        first, *earlier = rows.answering[task]
        place = Place(task, first.version, first.activated_at, _before(first, earlier))
        try:
            place = replace(place, ready=self._ready(first))
        except FedCareError as error:
            log.error("model_refused", task=task, version=first.version, code=error.code)
            place = replace(place, ready=self._last_good(task, earlier), fault=str(error))
        return self._with_challenger(place, rows.sharing.get(task))

    def _with_challenger(self, place: Place, row: Any) -> Place:
        if row is None:
            return place
        shared = {"challenger_name": row.version, "fraction": row.fraction, "sharing_since": row.started_at}
        try:
            return replace(place, challenger=self._ready(row), **shared)
        except FedCareError as error:
            log.error("model_refused", task=place.task, version=row.version, code=error.code)
            return replace(place, challenger_fault=str(error), **shared)

    def _ready(self, row: Any) -> Ready:
        """Loaded already, or loaded now."""
        place = self._places.get(row.task)
        for known in (place.ready, place.challenger) if place else ():
            if known is not None and (known.name, known.digest) == (row.version, row.hash):
                return known
        return load(self.folder, row)

    def _last_good(self, task: str, earlier: list[Any]) -> Ready | None:
        """What answers in place of a damaged version: what did so far, else one that was active before."""
        place = self._places.get(task)
        if place is not None and place.ready is not None:
            return place.ready
        for row in earlier[:TRIED]:
            try:
                return load(self.folder, row)
            except FedCareError as error:
                log.error("model_refused", task=task, version=row.version, code=error.code)
        return None

    def _absent(self, task: str) -> FedCareError:
        place = self._places.get(task)
        if place is not None:
            return UnusableModel(version=place.active, task=task, reason=place.fault)
        if task in self._known:
            return NoActiveModel(task=task)
        problem = f"no model of this task was ever imported here; there are: {', '.join(sorted(self._known))}"
        return InvalidRequest([{"field": "task", "problem": problem}])


def _before(active: Any, earlier: list[Any]) -> str | None:
    """As ``repository.active_before`` finds it, of rows whose activation came last first."""
    if active.activated_at is None:
        return None
    return next((row.version for row in earlier if row.activated_at < active.activated_at), None)


def share_of(challenger: str, key: bytes) -> float:
    """Where a patient or record stands between 0 and 1: below the fraction, the challenger answers.

    The challenger's name is part of it, so that not the same patients are the first to try every new version.
    """
    digest = hashlib.sha256(challenger.encode() + b"\0" + key).digest()
    return int.from_bytes(digest[:8]) / 2**64
