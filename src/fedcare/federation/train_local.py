"""``train-local``: the sanity check without a federation, from records to a model version."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fedcare.data.split import institution
from fedcare.federation.one_place import OnePlace, OnEpoch, judged_split
from fedcare.federation.run_folder import MODEL, RUN, make, write_json
from fedcare.federation.study import plan_of
from fedcare.federation.versions import store_version
from fedcare.plan import TrainingPlan
from fedcare.tasks.loading import load
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get
from fedcare.tasks.spec import Task
from fedcare.training.central import Epoch

ALONE = "one place"


def plan_for(task: str, settings: Mapping[str, str], epochs: int | None, seed: int) -> tuple[Task, TrainingPlan]:
    """The task and a plan of ``epochs`` rounds of one epoch; unset, as many epochs as the task's federation does."""
    declared = apply(get(task), dict(settings))
    count = epochs or declared.rounds.rounds * declared.local.epochs
    changed = apply(declared, {"rounds.rounds": str(count), "local.epochs": "1"})
    return changed, plan_of(changed, seed)


def train_local(task: Task, plan: TrainingPlan, data: Path | None, folder: Path, on_epoch: OnEpoch) -> dict[str, Any]:
    """Train on all records, judge on the test rows or else the validation rows, store a model version.

    Raises what reading the records raises, TooFewRecords, and StorageFull.
    """
    started = time.perf_counter()
    loaded = load(task, data, plan.seed)
    member = institution(ALONE, loaded.records, task.kind, plan.seed)
    history: list[dict[str, Any]] = []

    def remember(epoch: Epoch) -> None:
        history.append({"epoch": epoch.number, "train_loss": epoch.train_loss, "metrics": epoch.metrics})
        on_epoch(epoch)

    model = OnePlace(plan, [member], remember)
    split = judged_split([member])
    pooled, _, _ = model.judge([member], split)
    summary: dict[str, Any] = {
        "task": task.name,
        "kind": task.kind,
        "unit": task.records.target.unit,
        "metric": task.deciding_metric,
        "epochs": plan.rounds.rounds,
        "examples": len(member.train),
        "left_out_rows": len(loaded.problems),
        "judged_on": split,
        "threshold": model.threshold,
        "metrics": pooled,
        "best_epoch": model.best_epoch,
        "history": history,
        "plan_hash": plan.hash,
    }
    make(folder)
    lineage = {"epochs": plan.rounds.rounds, "examples": len(member.train)}
    known = model.calibrate([member])
    place = folder / MODEL
    store_version(place, task, plan, model.preprocessing, model.manifest, model.vector, summary, lineage, known)
    summary |= {"model_dir": str(folder / MODEL), "seconds": time.perf_counter() - started}
    write_json(folder / RUN, summary)
    return summary
