"""The new version against the active one, on the same rows of the same institutions where that is possible."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fedcare.aggregation.exchange import Exchange
from fedcare.aggregation.rounds import Observer, RoundLoop
from fedcare.aggregation.strategy import create
from fedcare.errors import FedCareError
from fedcare.federation.coordinator import Outcome
from fedcare.plan import TrainingPlan
from fedcare.registry.gate import Decision, Figures, decide
from fedcare.registry.version import Version, read_version
from fedcare.tasks.spec import METRICS, Task

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rival:
    """The active version: its figures, and in ``how`` where they come from, for the reasons."""

    figures: Figures
    how: str


def find_active(home: Path, known: Mapping[str, Any]) -> Version | None:
    """The active version's files, as the gateway of this machine or the coordinator's releases keep them."""
    name, task = str(known["name"]), str(known["task"])
    for place in (home / "released" / task / name, home / "models" / name):
        try:
            return read_version(place)
        except FedCareError:
            continue
    return None


def judge_again(
    plan: TrainingPlan, exchange: Exchange, observer: Observer, outcome: Outcome, active: Version
) -> Figures | None:
    """The active version's figures on the rows that the new one was judged on; None where it cannot be asked about.

    That takes the same weights' shape, the same features and the same question: institutions evaluate what their plan
    describes. In a private run it would be an evaluation beyond the plan, which its patients would pay for.
    """
    if plan.privacy.dp.enabled:
        return None
    if active.entries != outcome.manifest.entries or active.plan.task["records"] != plan.task["records"]:
        return None
    task = Task.model_validate(plan.task)
    loop = RoundLoop(task, plan, outcome.manifest, create(plan.strategy), exchange, observer)
    try:
        exchange.prepare(active.preprocessing.to_json())
        names, (_, vector) = exchange.institutions(), active.weights()
        judged = loop.judge(outcome.state.round, vector, names, outcome.judged_on, active.threshold)
    except FedCareError as error:
        log.warning("the active version could not be judged again: %s", error)
        return None
    finally:
        exchange.prepare(outcome.state.preprocessing)
    return Figures(judged.metrics, judged.institutions)


def rival(again: Figures | None, known: Mapping[str, Any] | None) -> Rival | None:
    """What the new version has to beat; None where no version is active."""
    if known is None:
        return None
    if again is not None:
        return Rival(again, f"both were judged on the same rows against {known['name']}")
    stored = known.get("metrics") or {}
    figures = Figures(stored.get("metrics", {}), stored.get("institutions", {}))
    return Rival(figures, f"{known['name']} could not be judged again, so its figures are those stored with it")


def pass_gate(plan: TrainingPlan, outcome: Outcome, against: Rival | None) -> Decision:
    """Whether the run's version answers from now on."""
    task = Task.model_validate(plan.task)
    metric = plan.selection.metric or task.deciding_metric
    new = Figures(outcome.judgement.metrics, outcome.judgement.institutions)
    higher = METRICS[task.kind][metric] == "higher"
    decision = decide(new, against.figures if against else None, metric, higher, plan.gate.tolerance)
    return Decision(decision.activate, (*decision.reasons, against.how)) if against else decision
