"""A study: a plan and the institutions whose records it is tried on, in one process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fedcare.aggregation.planning import plan_of
from fedcare.data.partition import divide
from fedcare.data.records import Institution, Loaded, Records, Table
from fedcare.data.split import institution
from fedcare.errors import BadSetting, TooFewInstitutions
from fedcare.plan import TrainingPlan
from fedcare.tasks.loading import load, load_institutions
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get
from fedcare.tasks.spec import Task

FILES = "files"

__all__ = ["Study", "design", "load_divided", "plan_of"]


@dataclass(frozen=True)
class Study:
    """What ``simulate`` runs.

    ``left_out`` counts rows that did not fit the schema; ``too_small`` names institutions that take no part, as their
    nodes would refuse to, because they have fewer training rows than the plan's ``min_records``. ``fingerprint`` is a
    SHA-256 over every institution's name and rows: a run may only be resumed on the very records it began with.
    ``source`` is what the command line said of task, records and settings, so that they are found again.
    """

    task: Task
    plan: TrainingPlan
    institutions: tuple[Institution, ...]
    partition: str
    left_out: int
    fingerprint: str
    too_small: tuple[str, ...] = ()
    source: Mapping[str, Any] = field(default_factory=dict)


def design(task: str, data: Path | None, partition: str | None, settings: Mapping[str, str], seed: int) -> Study:
    """The study a command line describes; raises the errors of tasks, records and partitions."""
    declared = apply(get(task), dict(settings))
    plan = plan_of(declared, seed)
    how = partition or declared.partition
    loaded = load_divided(declared, data, how, seed)
    alone = plan.privacy.dp.enabled
    every = [institution(name, rows, declared.kind, seed, alone) for name, (rows, _) in loaded.items()]
    parts = tuple(each for each in every if len(each.train) >= plan.rounds.min_records)
    if len(parts) < plan.rounds.min_available:
        needed = plan.rounds.min_available
        fewer = "Choose another --partition." if len(parts) == len(every) else "The others have fewer than min_records."
        raise TooFewInstitutions(found=len(parts), needed=needed, hint=fewer)
    left_out = sum(bad for _, bad in loaded.values())
    too_small = tuple(each.name for each in every if len(each.train) < plan.rounds.min_records)
    source = {"task": _found_again(task), "data": data and str(data.absolute()), "settings": dict(settings)}
    return Study(declared, plan, parts, how, left_out, _fingerprint(parts), too_small, source)


def _found_again(task: str) -> str:
    """A task's name, or the path of its file from wherever it is read."""
    return str(Path(task).absolute()) if task.lower().endswith(".toml") else task


def load_divided(task: Task, data: Path | None, how: str, seed: int) -> dict[str, tuple[Records, int]]:
    """Each institution's records, and how many rows of its file had to be left out."""
    if how == FILES:
        if data is None:
            raise BadSetting(setting="partition", value=how, reason="name the folder of files with --data")
        each = load_institutions(task, data, seed)
        return {name: (loaded.records, len(loaded.problems)) for name, loaded in each.items()}
    loaded: Loaded = load(task, data, seed, how)
    rows = divide(loaded.records, how, task.kind, seed)
    bad = [len(loaded.problems)] + [0] * (len(rows) - 1)
    return {name: (loaded.records.take(own), count) for (name, own), count in zip(rows.items(), bad, strict=True)}


def _fingerprint(institutions: tuple[Institution, ...]) -> str:
    digest = hashlib.sha256()
    for each in institutions:
        digest.update(each.name.encode())
        for records in (each.train, each.validation, each.test):
            for array in _arrays(records):
                digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _arrays(records: Records | None) -> list[npt.NDArray[np.generic]]:
    if records is None:
        return []
    if isinstance(records, Table):
        return [*records.numeric.values(), *records.categorical.values(), records.target]
    return [records.pixels, records.target]
