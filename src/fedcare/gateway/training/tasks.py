"""What can be learned: the tasks that this server knows, and the strategies that join the institutions' updates."""

from __future__ import annotations

from typing import Literal

import structlog
from pydantic import BaseModel, ConfigDict

from fedcare.aggregation import strategy
from fedcare.data.schema import Kind
from fedcare.errors import BadTaskFile
from fedcare.tasks.registry import get, names
from fedcare.tasks.spec import Task

log = structlog.get_logger("fedcare.gateway")


class KnownTask(BaseModel):
    """A task, and what a run of it starts from where nothing else is set; ``metric`` decides between versions."""

    name: str
    title: str
    records: Literal["table", "image"]
    kind: Kind
    metric: str
    rounds: int
    strategy: str


class KnownTasks(BaseModel):
    """By name, with the strategies there are."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "name": "insurance-cost",
                            "title": "Yearly medical charges of an insured person",
                            "records": "table",
                            "kind": "regression",
                            "metric": "r2",
                            "rounds": 30,
                            "strategy": "fedavg",
                        }
                    ],
                    "strategies": ["fedavg", "trimmed-mean"],
                }
            ]
        }
    )

    items: list[KnownTask]
    strategies: list[str]


def known_tasks() -> KnownTasks:
    """All of them, but for a third party's that cannot be read."""
    return KnownTasks(items=[each for name in names() if (each := _known(name))], strategies=strategy.names())


def _known(name: str) -> KnownTask | None:
    try:
        task = get(name)
    except BadTaskFile as error:
        log.warning("unreadable_task", task=name, reason=str(error))
        return None
    return _told(name, task)


def _told(name: str, task: Task) -> KnownTask:
    return KnownTask(
        name=name,
        title=task.title,
        records=task.records.kind,
        kind=task.kind,
        metric=task.deciding_metric,
        rounds=task.rounds.rounds,
        strategy=task.strategy.name,
    )
