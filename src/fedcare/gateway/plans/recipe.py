"""What is to be learned, as a request says it: a task with settings, or a plan that is known by its hash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, model_validator
from sqlalchemy import Connection

from fedcare.aggregation.planning import plan_of
from fedcare.db.runs import keep_plan
from fedcare.errors import Conflict, NotFound, StorageFull
from fedcare.gateway.models.schemas import TaskName
from fedcare.gateway.plans import repository
from fedcare.gateway.types import Finite, Says, Text100, Text200, Whole
from fedcare.plan import TrainingPlan
from fedcare.tasks.overrides import apply
from fedcare.tasks.protected import protected
from fedcare.tasks.registry import get
from fedcare.trust.bulletin import publish_plan

PlanHash = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$"),
    Says("it must be a plan's hash: 64 digits from 0 to f"),
    Field(description="A plan's hash.", examples=["5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"]),
]
Rounds = Annotated[int, Whole(1, 100_000), Field(examples=[10])]
Seed = Annotated[int, Whole(0), Field(description="Where all chance of the run comes from.", examples=[42])]
Epsilon = Annotated[
    Finite,
    Says("it must be a number above 0 and at most 1000000"),
    Field(gt=0, le=1e6, description="Differential privacy: what the run may cost each patient.", examples=[4.0]),
]
SettingValue = Annotated[
    StrictBool | Finite | Text200 | Annotated[list[Finite], Field(max_length=100)],
    Says("it must be true or false, a number, a text of 1 to 200 characters, or a list of up to 100 numbers"),
]
Settings = Annotated[
    dict[Text100, SettingValue],
    Field(max_length=100, description="As after `--set` of the commands.", examples=[{"local.lr": 0.01}]),
]
DEFAULT_SEED = 42


class Protections(BaseModel):
    """As the commands' ``--private``, ``--secure`` and ``--robust``: each stands for several settings."""

    private: Epsilon | None = None
    secure: (
        Annotated[StrictBool, Field(description="Secure aggregation: the coordinator learns sums alone.")] | None
    ) = None
    robust: Annotated[StrictBool, Field(description="Stand up to an institution that errs or lies.")] | None = None


class Recipe(Protections):
    """A task with the settings that differ from its own; whatever ``settings`` name wins over the protections."""

    model_config = ConfigDict(extra="forbid")

    task: TaskName
    rounds: Rounds | None = None
    settings: Settings = Field(default_factory=dict)
    seed: Seed = DEFAULT_SEED

    def plan(self) -> TrainingPlan:
        """The plan; raises UnknownTask, UnknownStrategy, UnknownSetting, BadSetting."""
        settings = protected(self.task, self.private, self.secure is True, self.robust is True)
        settings |= {key: _text(value) for key, value in self.settings.items()}
        if self.rounds is not None:
            settings["rounds.rounds"] = str(self.rounds)
        return plan_of(apply(get(self.task), settings), self.seed)


class RecipeOrPlan(Protections):
    """Either a recipe or the hash of a plan, which says everything itself."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"task": "insurance-cost", "rounds": 10, "seed": 42}]}
    )

    task: TaskName | None = None
    plan_hash: PlanHash | None = None
    rounds: Rounds | None = None
    settings: Settings | None = None
    seed: Seed | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.task is None) == (self.plan_hash is None):
            raise ValueError("give either task or plan_hash")
        beside = (self.rounds, self.settings, self.seed, self.private, self.secure, self.robust)
        if self.plan_hash is not None and any(part is not None for part in beside):
            raise ValueError("a plan's hash says rounds, settings, seed and protections already: leave them out")
        return self

    def recipe(self) -> Recipe | None:
        """The recipe, where it is one."""
        if self.task is None:
            return None
        seed = DEFAULT_SEED if self.seed is None else self.seed
        protections = {name: getattr(self, name) for name in Protections.model_fields}
        return Recipe(task=self.task, rounds=self.rounds, settings=self.settings or {}, seed=seed, **protections)


def kept_plan(tx: Connection, home: Path, asked: RecipeOrPlan, planned: TrainingPlan | None, by: UUID) -> TrainingPlan:
    """The plan that is meant, kept in the database and on the coordinator's board.

    ``planned`` is the recipe's plan, made before the transaction began. Raises NotFound, Conflict, StorageFull.
    """
    if planned is None:
        assert asked.plan_hash is not None
        planned = known_plan(tx, asked.plan_hash)
    else:
        keep_plan(tx, planned, by)
    publish(home, planned)
    return planned


def known_plan(tx: Connection, plan_hash: str) -> TrainingPlan:
    """A plan that is kept; raises NotFound, and Conflict for one that this FedCare would read otherwise."""
    row = repository.one(tx, plan_hash)
    if row is None:
        raise NotFound(what="plan")
    plan = TrainingPlan.model_validate_json(row.canonical)
    if plan.hash != plan_hash:
        raise Conflict(reason="Another version of FedCare made this plan. Propose it anew.")
    return plan


def publish(home: Path, plan: TrainingPlan) -> None:
    """Put a plan where the nodes find it; raises StorageFull."""
    try:
        publish_plan(home / "consortium", plan.hash, plan.canonical())
    except OSError as error:
        raise StorageFull(path="the board of plans", reason=error.strerror or "the disk refused it") from error


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
