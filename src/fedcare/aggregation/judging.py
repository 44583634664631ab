"""What institutions' sums tell of a set of weights: metrics over all rows, and of each institution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from fedcare.aggregation.exchange import Answer, Sums
from fedcare.aggregation.validation import usable_sums
from fedcare.data.declared import declared
from fedcare.errors import QuorumLost
from fedcare.tasks.spec import Task
from fedcare.training import metrics, noisy_figures, noisy_sums
from fedcare.training.noisy_figures import Interval

HALF = 0.5
"""The probability at which every round is judged; the task's own rule is for the model that comes of them."""


@dataclass(frozen=True)
class Judgement:
    """Pooled metrics and metrics by institution of one set of weights on one split, with the sums behind them.

    ``intervals``: of noisy sums, how far the noise may have moved each pooled metric; None where it says nothing.
    ``bounded_loss``: ``metrics.bounded_loss`` of the pooled sums, where they are exact; ``bounded_losses``: by
    institution.
    """

    metrics: dict[str, float]
    institutions: dict[str, dict[str, float]]
    pooled: Sums
    threshold: float
    dropped: dict[str, str]
    intervals: dict[str, Interval | None] = field(default_factory=dict)
    bounded_loss: float | None = None
    bounded_losses: dict[str, float] = field(default_factory=dict)

    @property
    def median_bounded_loss(self) -> float | None:
        """That of the median institution, which no minority moves far; of all rows where only sums are known."""
        return float(np.median([*self.bounded_losses.values()])) if self.bounded_losses else self.bounded_loss


NOBODY = Judgement({}, {}, np.zeros(0), HALF, {})
"""The judgement of weights that no institution could evaluate."""


def judge(
    task: Task, answers: Sequence[Answer], round_number: int, noise: float | None, threshold: float | None = None
) -> Judgement:
    """Metrics over all rows behind the answers, from sums that were added up, never from averages.

    ``threshold`` is the probability from which a row counts as positive; None lets the task's rule choose it on these
    very rows, which is for validation rows alone. ``noise``: of noisy sums, the plan's evaluation noise; None for
    exact ones. Raises QuorumLost where no answer can be used.
    """
    kind, classes = task.kind, len(task.records.target.classes)
    size = metrics.size if noise is None else noisy_sums.size
    sums, dropped = usable_sums(answers, size(kind, classes))
    if not sums:
        raise QuorumLost(round=round_number, usable=0, needed=1, reasons=reasons(dropped))
    pooled = np.sum([sums[name] for name in sorted(sums)], axis=0)
    shown = pooled if noise is None else _legible(task, noisy_sums.drawable(kind, pooled))
    if threshold is None:
        balances = kind == "binary" and task.threshold == "balanced"
        threshold = metrics.best_threshold(shown) if balances else HALF
    alone = [answer.institution for answer in answers if not answer.members]
    known = {name: own for name, own in sums.items() if name in alone}
    if noise is None:
        each = {name: metrics.metrics(kind, classes, own, threshold) for name, own in known.items()}
        found = metrics.metrics(kind, classes, pooled, threshold)
        bounded = {name: metrics.bounded_loss(kind, classes, own) for name, own in known.items()}
        return Judgement(
            found,
            each,
            shown,
            threshold,
            dropped,
            bounded_loss=metrics.bounded_loss(kind, classes, pooled),
            bounded_losses={name: loss for name, loss in bounded.items() if loss is not None},
        )
    doses = sum(max(1, len(answer.members)) for answer in answers if answer.institution in sums)
    reading = _Reading(task, threshold)
    return Judgement(
        reading.figures(pooled),
        {name: reading.figures(own) for name, own in known.items()},
        shown,
        threshold,
        dropped,
        reading.intervals(pooled, noise * noisy_sums.share(kind, classes) * sqrt(doses)),
    )


def reasons(dropped: Mapping[str, str]) -> str:
    """Why answers were dropped, in one line."""
    return "; ".join(f"{name}: {reason}" for name, reason in sorted(dropped.items()))


class _Reading:
    """What noisy sums of a task say at a threshold."""

    def __init__(self, task: Task, threshold: float) -> None:
        scaling = declared(task.records)
        self._kind, self._classes = task.kind, len(task.records.target.classes)
        self._how = (threshold, scaling.target_mean, scaling.target_scale)

    def figures(self, noisy: Sums) -> dict[str, float]:
        return noisy_figures.figures(self._kind, self._classes, noisy, *self._how)

    def intervals(self, noisy: Sums, deviation: float) -> dict[str, Interval | None]:
        return noisy_figures.intervals(self._kind, self._classes, noisy, deviation, *self._how)


def _legible(task: Task, sums: Sums) -> Sums:
    """Noisy sums in the form that metrics are computed from."""
    scaling = declared(task.records)
    return noisy_sums.expanded(
        task.kind, len(task.records.target.classes), sums, scaling.target_mean, scaling.target_scale
    )
