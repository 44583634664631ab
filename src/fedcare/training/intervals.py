"""Prediction intervals by split conformal prediction, from counts of absolute errors (Lei et al., JASA 2018).

The half width is the error that ``ceil(0.9 (n + 1))`` of n rows do not exceed; a new row of the same kind then lies
inside with a probability of at least 90%, whatever the model and the errors' distribution. Rows of one category may be
predicted far better than those of another, so the rule is applied within the categories of one feature (Mondrian
conformal prediction, Vovk et al., 2005): the one that matters most to the target, measured by the share of the target's
variance that lies between its categories. The errors themselves would be the more direct guide, but a tenth of some
forty rows is too few to choose by: on the Medical Cost data that picks another feature in every second fold.

What the promise rests on: the rows counted are validation rows. They did not train the weights, but they chose the best
round, so their errors are a little smaller than a new row's. Among some tens of rounds of one training this is a matter
of tenths of a percent; ``python -m benchmarks.coverage`` measures it on rows that nothing was chosen by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np

from fedcare.data.schema import ImageSchema, TableSchema
from fedcare.training.residuals import BINS, EDGES, Counted, Floats, apart, groupings

LEVEL = 0.9
# A category with fewer rows uses the half width of all: with nine rows the widest error seen would be the promise.
LEAST_IN_CATEGORY = 20
# An institution with fewer uses everybody's: from 100 rows on, coverage is within 3 points (one deviation) of 90%.
LEAST_AT_INSTITUTION = 100
# Variance between categories over that within them, per degree of freedom (Fisher's F), from which a feature matters:
# chance alone reaches 3.84 in one of twenty cases of two categories, and hardly ever 10.
MATTERS = 10.0


@dataclass(frozen=True)
class Width:
    """Half an interval in the target's unit, None where the rows are too few to promise any, and the rows behind it."""

    rows: int
    half: float | None

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        return {"rows": self.rows, "half": self.half}


@dataclass(frozen=True)
class Intervals:
    """Half widths for all rows, for the categories of ``feature``, and for institutions that have rows enough.

    ``institutions`` maps an institution to its widths by category; the category ``""`` is all of its rows.
    """

    everybody: Width
    feature: str | None = None
    categories: Mapping[str, Width] = field(default_factory=dict)
    institutions: Mapping[str, Mapping[str, Width]] = field(default_factory=dict)
    level: float = LEVEL

    def half(self, category: str = "", institution: str | None = None) -> float | None:
        """The half width that fits best: the institution's own for the category, the category's, everybody's."""
        own = self.institutions.get(institution or "", {}).get(category)
        return (own or self.categories.get(category) or self.everybody).half

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        return {
            "kind": "intervals",
            "level": self.level,
            "everybody": self.everybody.to_json(),
            "feature": self.feature,
            "categories": {name: width.to_json() for name, width in self.categories.items()},
            "institutions": {
                name: {category: width.to_json() for category, width in own.items()}
                for name, own in self.institutions.items()
            },
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Intervals:
        """The inverse of ``to_json``."""
        return cls(
            everybody=_width(value["everybody"]),
            feature=value["feature"],
            categories={name: _width(width) for name, width in value["categories"].items()},
            institutions={
                name: {category: _width(width) for category, width in own.items()}
                for name, own in value["institutions"].items()
            },
            level=float(value["level"]),
        )


def fit_intervals(
    schema: TableSchema | ImageSchema, sums: Mapping[str, Floats], target_scale: float, level: float = LEVEL
) -> Intervals:
    """Intervals from the counts of ``residuals`` of every institution; ``target_scale`` turns them into its unit."""
    pooled = np.sum([sums[name] for name in sorted(sums)], axis=0)
    counted = apart(schema, pooled)
    feature = _most_telling(counted)
    categories = _by_category(schema, pooled, feature, target_scale, level, LEAST_IN_CATEGORY)
    institutions = {
        name: _by_category(schema, own, feature, target_scale, level, LEAST_AT_INSTITUTION)
        for name, own in sorted(sums.items())
    }
    return Intervals(
        everybody=_of(counted.everybody, target_scale, level),
        feature=feature,
        categories={name: width for name, width in categories.items() if name},
        institutions={name: own for name, own in institutions.items() if own},
        level=level,
    )


def _by_category(
    schema: TableSchema | ImageSchema, sums: Floats, feature: str | None, scale: float, level: float, least: int
) -> dict[str, Width]:
    """Widths of the categories that have rows enough; without a feature, of all rows under the name ``""``."""
    counted = apart(schema, sums)
    if feature is None:
        named = {"": counted.everybody}
    else:
        names = next(each.categories for each in groupings(schema) if each.feature == feature)
        named = dict(zip(names, counted.categories[feature], strict=True))
    return {name: _of(counts, scale, level) for name, counts in named.items() if counts.sum() >= least}


def _of(counts: Floats, scale: float, level: float) -> Width:
    """The upper edge of the bin in which the error of the wanted rank lies: never too narrow, at most 2% too wide."""
    rows = int(counts.sum())
    rank = ceil(level * (rows + 1) - 1e-9)
    if rank > rows:
        return Width(rows, None)
    place = int(np.searchsorted(np.cumsum(counts), rank))
    return Width(rows, None if place >= BINS - 1 else float(EDGES[place + 1]) * scale)


def _most_telling(counted: Counted) -> str | None:
    """The feature that matters most to the target, or None where none matters by more than chance."""
    scores = {name: _fisher(counted, name) for name in counted.categories}
    best = max(scores, key=lambda name: scores[name], default=None)
    return best if best is not None and scores[best] > MATTERS else None


def _fisher(counted: Counted, feature: str) -> float:
    """Variance of the target between a feature's categories over that within them, each per degree of freedom.

    A feature is of no use here unless two of its categories have rows enough for widths of their own.
    """
    rows = counted.categories[feature].sum(axis=1)
    if (rows >= LEAST_IN_CATEGORY).sum() < 2:
        return 0.0
    present = rows > 0
    total, groups = float(rows.sum()), int(present.sum())
    between = float((counted.targets[feature][present] ** 2 / rows[present]).sum()) - counted.target**2 / total
    within = counted.squares - counted.target**2 / total - between
    if total <= groups or within <= 0:
        return 0.0
    return between / (groups - 1) / (within / (total - groups))


def _width(value: Mapping[str, Any]) -> Width:
    return Width(int(value["rows"]), None if value["half"] is None else float(value["half"]))
