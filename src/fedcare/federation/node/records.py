"""The institution's records for a plan's task, from the place that the node's own settings name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from fedcare.data.records import Records
from fedcare.data.schema import ImageSchema
from fedcare.data.sources import database
from fedcare.errors import PlanRefused, TooFewRecords
from fedcare.federation.node.config import NodeConfig, RecordSource
from fedcare.federation.node.store import NodeStore
from fedcare.settings import settings
from fedcare.tasks.loading import read
from fedcare.tasks.spec import Task


def source_of(config: NodeConfig, task: str) -> RecordSource:
    """Where the records of a task are; raises PlanRefused where the institution has none."""
    if task not in config.records:
        reason = f"this institution has no records for {task}; [records.{task}] in its node.toml would name them"
        raise PlanRefused(reason=reason)
    return config.records[task]


def records_of(config: NodeConfig, store: NodeStore, task: Task, needed: int) -> Records:
    """All usable records of a task.

    Raises PlanRefused where there is no source, TooFewRecords where it holds fewer than ``needed``, the sources'
    errors, and DatabaseUnavailable.
    """
    path = source_of(config, task.name).path
    records = read(task, path).records if path is not None else _from_database(config, store, task)
    if len(records) < needed:
        hint = "The run goes on without this institution."
        raise TooFewRecords(who=config.institution, found=len(records), needed=needed, hint=hint)
    return records


def driver(tx: Connection) -> Any:
    """The driver's own connection, in the middle of its transaction."""
    return tx.connection.driver_connection


def _from_database(config: NodeConfig, store: NodeStore, task: Task) -> Records:
    with store.transaction() as tx:
        if isinstance(task.records, ImageSchema):
            home = settings().home
            return database.read_studies(driver(tx), task.records, home, config.images or home / "images").records
        return database.read_patients(driver(tx), task.records, task.name).records
