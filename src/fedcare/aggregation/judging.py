"""What institutions' sums tell of a set of weights: metrics over all rows, and of each institution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fedcare.aggregation.exchange import Answer, Sums
from fedcare.aggregation.validation import usable_sums
from fedcare.data.declared import declared
from fedcare.errors import QuorumLost
from fedcare.tasks.spec import Task
from fedcare.training import metrics, noisy_sums

HALF = 0.5
"""The probability at which every round is judged; the task's own rule is for the model that comes of them."""


@dataclass(frozen=True)
class Judgement:
    """Pooled metrics and metrics by institution of one set of weights on one split, with the sums behind them."""

    metrics: dict[str, float]
    institutions: dict[str, dict[str, float]]
    pooled: Sums
    threshold: float
    dropped: dict[str, str]


NOBODY = Judgement({}, {}, np.zeros(0), HALF, {})
"""The judgement of weights that no institution could evaluate."""


def judge(
    task: Task, answers: Sequence[Answer], round_number: int, private: bool, threshold: float | None = None
) -> Judgement:
    """Metrics over all rows behind the answers, from sums that were added up, never from averages.

    ``threshold`` is the probability from which a row counts as positive; None lets the task's rule choose it on these
    very rows, which is for validation rows alone. ``private``: the sums are noisy ones. Raises QuorumLost where no
    answer can be used.
    """
    kind, classes = task.kind, len(task.records.target.classes)
    size = noisy_sums.size if private else metrics.size
    sums, dropped = usable_sums(answers, size(kind, classes))
    if not sums:
        raise QuorumLost(round=round_number, usable=0, needed=1, reasons=reasons(dropped))
    pooled = np.sum([sums[name] for name in sorted(sums)], axis=0)
    if private:
        pooled, sums = _legible(task, pooled), {name: _legible(task, own) for name, own in sums.items()}
    if threshold is None:
        balances = kind == "binary" and task.threshold == "balanced"
        threshold = metrics.best_threshold(pooled) if balances else HALF
    alone = [answer.institution for answer in answers if not answer.members]
    each = {name: metrics.metrics(kind, classes, own, threshold) for name, own in sums.items() if name in alone}
    return Judgement(metrics.metrics(kind, classes, pooled, threshold), each, pooled, threshold, dropped)


def reasons(dropped: Mapping[str, str]) -> str:
    """Why answers were dropped, in one line."""
    return "; ".join(f"{name}: {reason}" for name, reason in sorted(dropped.items()))


def _legible(task: Task, sums: Sums) -> Sums:
    """Noisy sums in the form that metrics are computed from."""
    scaling = declared(task.records)
    return noisy_sums.expanded(
        task.kind, len(task.records.target.classes), sums, scaling.target_mean, scaling.target_scale
    )
