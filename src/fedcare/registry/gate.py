"""May a new model version answer in place of the active one? The one rule, and its reasons in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# Figures between 0 and 1 are compared by their difference; others by their share of the active version's.
_WITHIN_ONE = frozenset({"auc", "accuracy", "sensitivity", "specificity", "r2"})


@dataclass(frozen=True)
class Figures:
    """One version's figures: ``pooled`` over all rows, and ``institutions`` by name, each metric by its name."""

    pooled: Mapping[str, float]
    institutions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """Whether the version answers from now on, and why."""

    activate: bool
    reasons: tuple[str, ...]


def decide(
    candidate: Figures, active: Figures | None, metric: str, higher_is_better: bool, tolerance: float
) -> Decision:
    """Better than the active version on the pooled figure, and worse at no institution by more than ``tolerance``.

    ``tolerance`` is a difference for figures between 0 and 1, a share of the active version's figure for others. An
    institution that only one of the two versions was judged at has no say. Without an active version, the first one
    that has a figure answers.
    """
    new = candidate.pooled.get(metric)
    if new is None:
        return Decision(False, (f"its {metric} could not be computed",))
    if active is None:
        return Decision(True, (f"the first version: {metric} {new:.4g}",))
    old = active.pooled.get(metric)
    if old is None:
        return Decision(True, (f"{metric} {new:.4g}; the active version has none to compare with",))
    sign = 1.0 if higher_is_better else -1.0
    is_better = sign * (new - old) > 0
    words = "better than" if is_better else "not better than"
    pooled = f"pooled {metric} {new:.4g} is {words} the active version's {old:.4g}"
    worse = tuple(_losses(candidate, active, metric, sign, tolerance))
    return Decision(is_better and not worse, (pooled, *worse))


def _losses(candidate: Figures, active: Figures, metric: str, sign: float, tolerance: float) -> Iterator[str]:
    """A sentence for each institution that would lose more than the tolerance."""
    for name in sorted(set(candidate.institutions) & set(active.institutions)):
        new, old = candidate.institutions[name].get(metric), active.institutions[name].get(metric)
        if new is None or old is None:
            continue
        allowed = tolerance if metric in _WITHIN_ONE else tolerance * abs(old)
        if sign * (old - new) > allowed:
            yield f"at {name}, {metric} {new:.4g} is worse than {old:.4g} by more than {allowed:.4g}"
