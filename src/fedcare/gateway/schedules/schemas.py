"""Schedules as they come and go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID

from croniter import croniter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator
from pydantic.config import JsonDict

from fedcare.gateway.plans.recipe import RecipeOrPlan
from fedcare.gateway.types import INT32, Line100, Whole

_SCHEDULE: JsonDict = {
    "id": 1,
    "task": "insurance-cost",
    "plan_hash": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
    "cron": "0 3 * * 0",
    "new_records": None,
    "runs_left": 12,
    "is_enabled": True,
    "next_at": "2026-11-29T03:00:00Z",
    "last_started_at": None,
    "created_by": None,
    "created_at": "2026-11-22T08:00:00Z",
}


def next_time(cron: str, since: datetime) -> datetime:
    """The next moment a cron expression names, in UTC; raises ValueError for one that is not of five fields, or
    names none.
    """
    if len(cron.split()) != 5:
        raise ValueError("a cron expression has five fields: minute, hour, day, month, day of the week")
    try:
        found: datetime = croniter(cron, since.astimezone(UTC)).get_next(datetime)
    except (ValueError, KeyError, AttributeError, TypeError, IndexError, OverflowError):
        raise ValueError("it is not a cron expression that names a time") from None
    return found


def _cron(text: str) -> str:
    next_time(text, datetime.now(UTC))
    return text


Cron = Annotated[
    Line100,
    AfterValidator(_cron),
    Field(description="Minute, hour, day, month, day of the week, in UTC.", examples=["0 3 * * 0"]),
]
NewRecords = Annotated[int, Whole(1), Field(description="How many more records the institutions report since its run.")]
RunsLeft = Annotated[int, Whole(0), Field(description="How many runs it may still start; null for any number.")]
ScheduleId = Annotated[int, Field(ge=1, le=INT32, examples=[1])]


class Trigger(BaseModel):
    """When to start a run: at times, or after so many new records."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"cron": "0 3 * * 0", "runs_left": 12, "is_enabled": True}]}
    )

    cron: Cron | None = None
    new_records: NewRecords | None = None
    runs_left: RunsLeft | None = None
    is_enabled: StrictBool = True

    @model_validator(mode="after")
    def _one_trigger(self) -> Self:
        if (self.cron is None) == (self.new_records is None):
            raise ValueError("give either cron or new_records")
        return self


class NewSchedule(Trigger, RecipeOrPlan):
    """A trigger, and what to run."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"task": "insurance-cost", "rounds": 10, "new_records": 500, "runs_left": 5}]},
    )

    def trigger(self) -> Trigger:
        """The trigger alone."""
        return Trigger(**{name: getattr(self, name) for name in Trigger.model_fields})


class Schedule(BaseModel):
    """A schedule. ``next_at`` is null for one that waits for records, is disabled or has no runs left."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SCHEDULE]})

    id: int
    task: str
    plan_hash: str
    cron: str | None
    new_records: int | None
    runs_left: int | None
    is_enabled: bool
    next_at: datetime | None
    last_started_at: datetime | None
    created_by: UUID | None
    created_at: datetime


class Schedules(BaseModel):
    """All of them, the oldest first."""

    items: list[Schedule]
