"""Who answers: activating a version, going back, and sharing a task's traffic between two."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from fedcare.db import audit
from fedcare.errors import Conflict, FedCareError, NotFound
from fedcare.gateway.caller import Caller
from fedcare.gateway.models import repository
from fedcare.gateway.models.artifact import load
from fedcare.gateway.services import Services


def activate(services: Services, caller: Caller, version_id: int) -> Any:
    """Make a version answer for its task; its row. Raises NotFound, MissingModel, CorruptModel."""
    with services.database.transaction(caller.scope) as tx:
        row = _version(tx, version_id)
        repository.lock(tx, row.task)
        load(services.shelf.folder, row)
        repository.activate(tx, row.task, row.id)
        row = _version(tx, version_id)
        audit.record(tx, caller.origin, "models.activate", "model_version", row.id)
    _take_over(services)
    return row


def roll_back(services: Services, caller: Caller, task: str) -> Any:
    """Make the version answer that did before the active one; its row.

    Raises Conflict where there was none, MissingModel, CorruptModel.
    """
    with services.database.transaction(caller.scope) as tx:
        repository.lock(tx, task)
        current = repository.active(tx, task)
        earlier = None if current is None else repository.active_before(tx, current)
        if current is None or earlier is None:
            raise Conflict(reason=f"No version of {task} was active before the one that is now.")
        load(services.shelf.folder, earlier)
        repository.go_back(tx, current, earlier)
        row = _version(tx, earlier.id)
        audit.record(tx, caller.origin, "models.rollback", "model_version", row.id)
    _take_over(services)
    return row


def share(services: Services, caller: Caller, task: str, challenger_id: int, fraction: float) -> tuple[Any, datetime]:
    """Let a challenger answer a fraction of a task's patients; its row, and since when.

    Raises NotFound, Conflict where it could not be compared with the active version, MissingModel, CorruptModel.
    """
    with services.database.transaction(caller.scope) as tx:
        repository.lock(tx, task)
        challenger, current = _version(tx, challenger_id), repository.active(tx, task)
        if challenger.task != task:
            raise Conflict(reason=f"This version is one of {challenger.task}, not of {task}.")
        if current is None:
            raise Conflict(reason=f"No version of {task} is active: activate one before traffic is shared.")
        if current.id == challenger.id:
            raise Conflict(reason="This version is the active one: share traffic with another.")
        load(services.shelf.folder, challenger)
        since = repository.share(tx, task, challenger.id, fraction)
        audit.record(tx, caller.origin, "models.share", "model_version", challenger.id)
    _take_over(services)
    return challenger, since


def stop_sharing(services: Services, caller: Caller, task: str) -> None:
    """Let the active version answer everybody again; done twice, it is still done."""
    with services.database.transaction(caller.scope) as tx:
        repository.lock(tx, task)
        running = repository.sharing(tx, task)
        repository.stop_sharing(tx, task)
        audit.record(tx, caller.origin, "models.stop_sharing", "model_version", running.id if running else None)
    _take_over(services)


def _version(tx: Connection, version_id: int) -> Any:
    row = repository.one(tx, version_id)
    if row is None:
        raise NotFound(what="model version")
    return row


def _take_over(services: Services) -> None:
    """This process does not wait for its own news; should the database be away now, the news bring it."""
    with suppress(FedCareError):
        services.shelf.reload()
