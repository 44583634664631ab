"""A finished run as one JSON object: what ``--json`` prints, what is stored, what the report draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from fedcare.aggregation.exchange import RoundRecord
from fedcare.data.records import Institution, Records
from fedcare.federation.coordinator import Outcome
from fedcare.federation.spending import spending
from fedcare.federation.study import Study
from fedcare.plan import TrainingPlan
from fedcare.tasks.spec import Task
from fedcare.training import metrics

HISTOGRAM_BINS = 10


def summarise(plan: TrainingPlan, outcome: Outcome, engine: str, institutions: Mapping[str, Any]) -> dict[str, Any]:
    """Everything about the run except where its files lie and how long the command took.

    ``institutions`` is what is known of each one's records beside its figures: much in a simulation, and of real
    institutions only how many rows they trained on.
    """
    task, state, judgement = Task.model_validate(plan.task), outcome.state, outcome.judgement
    privacy = spending(plan, state)
    return {
        "task": task.name,
        "title": task.title,
        "kind": task.kind,
        "unit": task.records.target.unit,
        "metric": plan.selection.metric or task.deciding_metric,
        "engine": engine,
        "strategy": plan.strategy.name,
        "seed": plan.seed,
        "plan_hash": plan.hash,
        "plan": plan.model_dump(mode="json"),
        "status": "completed",
        "rounds": state.round,
        "best_round": state.best_round,
        "judged_on": outcome.judged_on,
        "threshold": judgement.threshold,
        "metrics": judgement.metrics,
        "institutions": _with_figures(institutions, outcome),
        "start": asdict(state.start),
        "history": [asdict(record) for record in state.history],
        "convergence": convergence([state.start, *state.history], state.best_round, plan, task),
        "curves": _curves(task, outcome),
        "bytes": {
            "sent": sum(record.bytes_sent for record in state.history),
            "received": sum(record.bytes_received for record in state.history),
        },
    } | ({} if privacy is None else {"privacy": privacy | {"intervals": judgement.intervals}})


def _with_figures(institutions: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
    """Each institution's records with its own metrics, and its ``weight`` in the model, 0 to 1; 0 if secret."""
    used = dict.fromkeys(institutions, 0)
    for record in outcome.state.history:
        if record.rolled_back is not None:
            continue
        for name, rows in record.participants.items():
            used[name] = used.get(name, 0) + rows
    total = sum(used.values())
    own = outcome.judgement.institutions
    return {
        name: {**institutions.get(name, {}), "metrics": own.get(name, {}), "weight": rows / total if total else 0.0}
        for name, rows in used.items()
    }


def trained_rows(outcome: Outcome) -> dict[str, Any]:
    """What a coordinator knows of real institutions: the training rows that each announced, None where it took part
    under secure aggregation, which keeps them secret.
    """
    secret = {name for record in outcome.state.history for name, rows in record.participants.items() if not rows}
    if secret:
        return {name: {"examples": None} for name in sorted(secret)}
    return {name: {"examples": rows} for name, rows in sorted(outcome.state.announced.items())}


def described(study: Study) -> dict[str, Any]:
    """What a simulation knows of each institution: its rows by split, and the distribution of the target."""
    edges = _edges(study)
    return {
        each.name: {
            "examples": len(each.train),
            "validation_examples": len(each.validation),
            "test_examples": 0 if each.test is None else len(each.test),
            "distribution": _distribution(each, study.task, edges),
        }
        for each in study.institutions
    }


def convergence(
    course: Sequence[RoundRecord], best_round: int, plan: TrainingPlan, task: Task
) -> dict[str, float | int | None]:
    """How fast the deciding metric rose: the first round at 95% of its whole gain, and the mean gain a round.

    ``course`` begins with round 0, the untrained model.
    """
    metric = plan.selection.metric or task.deciding_metric
    values = [record.metrics.get(metric) for record in course]
    first, best = values[0], values[best_round]
    if first is None or best is None:
        return {"rounds_to_95_percent": None, "gain_per_round": None}
    goal = first + 0.95 * (best - first)
    ahead = 1.0 if best >= first else -1.0
    reached = next(place for place, value in enumerate(values) if value is not None and ahead * (value - goal) >= 0)
    return {"rounds_to_95_percent": reached, "gain_per_round": (best - first) / best_round}


def _curves(task: Task, outcome: Outcome) -> dict[str, Any]:
    classes = len(task.records.target.classes)
    target = outcome.state.preprocessing
    mean, scale = float(target.get("target_mean", 0.0)), float(target.get("target_scale", 1.0))
    return metrics.curves(task.kind, classes, outcome.judgement.pooled, mean, scale)


def _edges(study: Study) -> np.ndarray[Any, np.dtype[np.float64]]:
    targets = np.concatenate([_all_targets(each) for each in study.institutions])
    return np.linspace(targets.min(), targets.max() + 1e-9, HISTOGRAM_BINS + 1)


def _distribution(
    institution: Institution, task: Task, edges: np.ndarray[Any, np.dtype[np.float64]]
) -> dict[str, list[Any]]:
    targets = _all_targets(institution)
    if task.kind == "regression":
        labels = [f"{_short(low)} to {_short(high)}" for low, high in pairwise(edges)]
        return {"labels": labels, "counts": np.histogram(targets, edges)[0].tolist()}
    names = list(task.records.target.classes)
    return {"labels": names, "counts": np.bincount(targets.astype(int), minlength=len(names)).tolist()}


def _short(value: float) -> str:
    """Three digits for a label: 13900 is 13.9k."""
    size = abs(value)
    scale, unit = next(((s, u) for s, u in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if size >= s), (1.0, ""))
    return f"{value / scale:.3g}{unit}"


def _all_targets(institution: Institution) -> np.ndarray[Any, np.dtype[np.float64]]:
    parts: list[Records] = [institution.train, institution.validation]
    if institution.test is not None:
        parts.append(institution.test)
    return np.concatenate([records.target for records in parts])
