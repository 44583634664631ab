"""What a report needs of a run, read once from the run's JSON object into typed values.

A run's file may be old, cut short, or lack a figure that was undefined (the AUC of a single class): everything here is
optional but the task, and a number that is missing, NaN or infinite is simply not there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Metrics = Mapping[str, float]

# For which metrics a smaller value is the better one.
LOWER_IS_BETTER = frozenset({"loss", "brier", "mse", "mae"})


@dataclass(frozen=True)
class InstitutionFacts:
    """One institution at the end of a run.

    ``examples`` counts its training rows and ``judged`` the rows its ``metrics`` rest on; ``weight`` is its share of
    all training rows, 0 to 1; ``labels`` and ``counts`` describe its targets: a class each, or a histogram's bins.
    """

    name: str
    examples: int
    judged: int
    metrics: Metrics
    weight: float
    labels: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class RoundFacts:
    """One round: metrics together and apart, who took part with how many rows, who was dropped and why.

    ``rolled_back``: why its weights were thrown away, None where the round stood.
    """

    number: int
    metrics: Metrics
    institutions: Mapping[str, Metrics]
    train_loss: float | None
    participants: Mapping[str, int]
    dropped: Mapping[str, str]
    seconds: float | None
    bytes_sent: int
    bytes_received: int
    examples: int
    rolled_back: str | None = None


@dataclass(frozen=True)
class LocalFacts:
    """The model an institution trained alone, judged on its own rows and on everybody's."""

    own: Metrics
    pooled: Metrics


@dataclass(frozen=True)
class CompareFacts:
    """What the federation is compared with: each institution alone, and all rows in one place (``central``)."""

    local: Mapping[str, LocalFacts]
    central: Metrics


@dataclass(frozen=True)
class Facts:
    """A whole run as the report reads it; times in seconds, traffic in bytes."""

    task: str
    title: str
    kind: str
    unit: str
    metric: str
    judged_on: str
    rounds: int
    best_round: int | None
    threshold: float | None
    metrics: Metrics
    institutions: tuple[InstitutionFacts, ...]
    history: tuple[RoundFacts, ...]
    start: RoundFacts | None
    convergence: Metrics
    curves: Mapping[str, Any]
    compare: CompareFacts | None
    timings: Metrics
    bytes_sent: int
    bytes_received: int
    seconds: float | None
    raw: Mapping[str, Any]

    @property
    def higher_is_better(self) -> bool:
        """Direction of the deciding metric."""
        return self.metric not in LOWER_IS_BETTER

    @property
    def intervals(self) -> Mapping[str, tuple[float, float] | None]:
        """Of a private run, how far noise may have moved each figure; None where that is too far to say."""
        privacy = self.raw.get("privacy")
        known = privacy.get("intervals") if isinstance(privacy, Mapping) else None
        return {name: tuple(ends) if ends else None for name, ends in known.items()} if known else {}

    @property
    def rows(self) -> int:
        """Training rows of all institutions; the most of any round where nobody knows those of a single one."""
        known = sum(institution.examples for institution in self.institutions)
        return known or max((entry.examples for entry in self.history), default=0)

    @property
    def curve(self) -> tuple[RoundFacts, ...]:
        """The rounds with the untrained model before them as round 0, where the run judged it."""
        return self.history if self.start is None else (self.start, *self.history)

    @property
    def names(self) -> tuple[str, ...]:
        """The institutions' names, in the run's order."""
        return tuple(institution.name for institution in self.institutions)


def read(run: Mapping[str, Any]) -> Facts:
    """The facts of a run's JSON object; what is absent is empty, so that a short run still gets its report."""
    judged_on = str(run.get("judged_on") or "validation")
    history = tuple(_round(entry, place) for place, entry in enumerate(run.get("history") or [], start=1))
    traffic = numbers(run.get("bytes"))
    best = number(run.get("best_round"))
    return Facts(
        task=str(run.get("task", "")),
        title=str(run.get("title") or run.get("task", "")),
        kind=str(run.get("kind") or "binary"),
        unit=str(run.get("unit") or ""),
        metric=str(run.get("metric") or ("r2" if run.get("kind") == "regression" else "auc")),
        judged_on=judged_on,
        rounds=int(number(run.get("rounds")) or len(history)),
        best_round=None if best is None else int(best),
        threshold=number(run.get("threshold")),
        metrics=numbers(run.get("metrics")),
        institutions=tuple(_institution(n, e, judged_on) for n, e in (run.get("institutions") or {}).items()),
        history=history,
        start=_round(start, 0) if isinstance(start := run.get("start"), Mapping) else None,
        convergence=numbers(run.get("convergence")),
        curves=run.get("curves") or {},
        compare=_compare(run.get("compare")),
        timings=numbers(run.get("timings")),
        bytes_sent=int(traffic.get("sent", sum(entry.bytes_sent for entry in history))),
        bytes_received=int(traffic.get("received", sum(entry.bytes_received for entry in history))),
        seconds=number(run.get("seconds")),
        raw=run,
    )


def number(value: object) -> float | None:
    """``value`` as a finite float, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def numbers(values: object) -> dict[str, float]:
    """The finite numbers of a JSON object."""
    found = values.items() if isinstance(values, Mapping) else ()
    return {str(key): read for key, value in found if (read := number(value)) is not None}


def _institution(name: str, entry: Mapping[str, Any], judged_on: str) -> InstitutionFacts:
    distribution = entry.get("distribution") or {}
    return InstitutionFacts(
        name=str(name),
        examples=int(number(entry.get("examples")) or 0),
        judged=int(number(entry.get(f"{judged_on}_examples")) or 0),
        metrics=numbers(entry.get("metrics")),
        weight=number(entry.get("weight")) or 0.0,
        labels=tuple(str(label) for label in distribution.get("labels") or ()),
        counts=tuple(int(number(count) or 0) for count in distribution.get("counts") or ()),
    )


def _round(entry: Mapping[str, Any], place: int) -> RoundFacts:
    return RoundFacts(
        number=place if (told := number(entry.get("round"))) is None else int(told),
        metrics=numbers(entry.get("metrics")),
        institutions={str(name): numbers(values) for name, values in (entry.get("institutions") or {}).items()},
        train_loss=number(entry.get("train_loss")),
        participants={name: int(rows) for name, rows in numbers(entry.get("participants")).items()},
        dropped={str(name): str(reason) for name, reason in (entry.get("dropped") or {}).items()},
        seconds=number(entry.get("seconds")),
        bytes_sent=int(number(entry.get("bytes_sent")) or 0),
        bytes_received=int(number(entry.get("bytes_received")) or 0),
        examples=int(number(entry.get("examples")) or 0),
        rolled_back=None if (reason := entry.get("rolled_back")) is None else str(reason),
    )


def _compare(entry: Mapping[str, Any] | None) -> CompareFacts | None:
    if not entry:
        return None
    local = {
        str(name): LocalFacts(own=numbers(values.get("own")), pooled=numbers(values.get("pooled")))
        for name, values in (entry.get("local") or {}).items()
    }
    return CompareFacts(local=local, central=numbers(entry.get("pooled")))
