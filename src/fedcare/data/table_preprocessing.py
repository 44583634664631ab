"""Scaling, imputing and one-hot coding of tables with the whole federation's statistics.

An institution gives sums and counts (``table_statistics``); the coordinator adds them and turns the totals into a
``TablePreprocessing`` (``fit_table``), which is then the same at every institution and is stored with the model. A
scaler fitted at each institution by itself would show the one global model different units at each place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fedcare.data.records import Records, Table
from fedcare.data.schema import CategoricalFeature, NumericFeature, TableSchema, Target
from fedcare.data.support import Support
from fedcare.errors import BadUpdate, BadValue

Sums = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

MOMENTS = 3  # count, sum, sum of squares
# Below this share of the mean square a variance is rounding error: the feature is constant and keeps its unit.
ROUNDING = 1e-14
# What a float32 can hold: a value very far outside a very small spread becomes this, not infinity.
GREATEST = float(np.finfo(np.float32).max)


# -- the institution's half -------------------------------------------------------------------------------------------


def table_statistics_size(schema: TableSchema) -> int:
    """Length of the vector that ``table_statistics`` gives."""
    categories = sum(len(feature.categories) for feature in schema.categorical)
    return MOMENTS * len(schema.numeric) + categories + (len(schema.target.classes) or MOMENTS)


def table_statistics(schema: TableSchema, records: Records) -> Sums:
    """What an institution tells of its rows: float64, shape ``(table_statistics_size(schema),)``.

    In order: count, sum and sum of squares of every numeric feature; the count of every category; of a numeric target
    the same three, of a class target the count of every class. Missing values are left out. Sums are taken about the
    middle of the declared range (see ``_centre``) so that squares do not swallow a small spread far from zero, and they
    are rounded once (``math.fsum``), so that the order of the rows does not matter.
    """
    table = as_table(records)
    parts = [_moments(table.numeric[feature.name] - _centre(feature)) for feature in schema.numeric]
    parts += [_counts(table.categorical[feature.name], len(feature.categories)) for feature in schema.categorical]
    if schema.target.kind == "regression":
        parts.append(_moments(table.target - _centre(schema.target)))
    else:
        parts.append(_counts(table.target.astype(np.int64), len(schema.target.classes)))
    return np.concatenate(parts)


def as_table(records: Records) -> Table:
    """The records, which must be a table's; raises BadValue."""
    if not isinstance(records, Table):
        raise BadValue(field="records", reason="a table belongs here, not images")
    return records


def _centre(declared: NumericFeature | Target) -> float:
    """A point near the values that is known before any record is seen: all institutions must use the same one."""
    if declared.minimum is not None and declared.maximum is not None:
        return (declared.minimum + declared.maximum) / 2
    return declared.minimum if declared.minimum is not None else declared.maximum or 0.0


def _moments(values: Floats) -> Sums:
    present = values[~np.isnan(values)]
    return np.array([present.size, math.fsum(present), math.fsum(present * present)], dtype=np.float64)


def _counts(places: Places, size: int) -> Sums:
    return np.bincount(places[places >= 0], minlength=size).astype(np.float64)


# -- the coordinator's half -------------------------------------------------------------------------------------------


def fit_table(schema: TableSchema, totals: Sums) -> TablePreprocessing:
    """The federation's preprocessing from the sum of the institutions' statistics.

    A feature that nobody recorded gets its centre as mean; a constant one keeps its unit (scale 1). Raises
    ``BadUpdate`` where the totals have another shape or are not finite.
    """
    size = table_statistics_size(schema)
    if totals.shape != (size,) or not np.isfinite(totals).all():
        raise BadUpdate(institution="the federation", reason=f"its statistics are not {size} finite numbers")
    taken, means, scales = 0, [], []
    for feature in schema.numeric:
        mean, scale = _mean_and_scale(totals[taken : taken + MOMENTS], _centre(feature))
        means.append(mean)
        scales.append(scale)
        taken += MOMENTS
    frequent = []
    for category in schema.categorical:
        frequent.append(int(np.argmax(totals[taken : taken + len(category.categories)])))
        taken += len(category.categories)
    target_mean, target_scale = 0.0, 1.0
    if schema.target.kind == "regression":
        target_mean, target_scale = _mean_and_scale(totals[taken:], _centre(schema.target))
    return TablePreprocessing(schema, tuple(means), tuple(scales), tuple(frequent), target_mean, target_scale)


def _mean_and_scale(moments: Sums, centre: float) -> tuple[float, float]:
    """Mean and standard deviation (over n) from count, sum and sum of squares about ``centre``."""
    count, total, squares = (float(moment) for moment in moments)
    if count <= 0:
        return centre, 1.0
    shifted, mean_square = total / count, squares / count
    variance = mean_square - shifted * shifted
    return centre + shifted, math.sqrt(variance) if variance > ROUNDING * mean_square else 1.0


# -- the result, the same everywhere ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class TablePreprocessing:
    """How a table's rows become the model's inputs and targets.

    ``means`` and ``scales`` belong to the numeric features in schema order, in their units; ``frequent`` is the place
    of each categorical feature's most frequent category (the first of equals). ``target_mean`` and ``target_scale``
    are in the target's unit, 0 and 1 for classes. ``support`` is what the training rows cover, None where nobody told.
    """

    schema: TableSchema
    means: tuple[float, ...]
    scales: tuple[float, ...]
    frequent: tuple[int, ...]
    target_mean: float = 0.0
    target_scale: float = 1.0
    support: Support | None = None

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name for each column of ``inputs``: ``age``, ``sex=female``, ``sex=(missing)``."""
        names = [feature.name for feature in self.schema.numeric]
        for feature in self.schema.categorical:
            names += [f"{feature.name}={category}" for category in feature.categories]
            names += [f"{feature.name}=(missing)"] if feature.impute == "own-category" else []
        return tuple(names)

    @property
    def input_mean(self) -> float:
        """0: ``inputs`` are scaled already."""
        return 0.0

    @property
    def input_scale(self) -> float:
        """1: ``inputs`` are scaled already."""
        return 1.0

    def inputs(self, records: Records) -> npt.NDArray[np.float32]:
        """Model inputs, float32, shape ``(rows, features)``: standardised numbers, then one-hot categories.

        Raises ``BadValue`` for a missing value where the schema refuses one.
        """
        table = as_table(records)
        out = np.zeros((len(table), len(self.feature_names)), dtype=np.float32)
        for column, feature in enumerate(self.schema.numeric):
            out[:, column] = self._standardised(column, feature, table.numeric[feature.name])
        start = len(self.schema.numeric)
        for place, category in enumerate(self.schema.categorical):
            chosen = self._category(place, category, table.categorical[category.name])
            out[np.arange(len(table)), start + chosen] = 1.0
            start += len(category.categories) + (category.impute == "own-category")
        return out

    def _standardised(self, column: int, feature: NumericFeature, values: Floats) -> Floats:
        missing = np.isnan(values)
        if feature.impute == "refuse" and missing.any():
            raise BadValue(field=feature.name, reason="a value is missing and the task accepts no missing value here")
        fill = feature.impute if isinstance(feature.impute, float) else self.means[column]
        filled: Floats = np.where(missing, fill, values)
        standardised: Floats = np.clip((filled - self.means[column]) / self.scales[column], -GREATEST, GREATEST)
        return standardised

    def _category(
        self, place: int, feature: CategoricalFeature, values: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        if feature.impute == "refuse" and (values < 0).any():
            raise BadValue(field=feature.name, reason="a value is missing and the task accepts no missing value here")
        if feature.impute == "own-category":
            fill = len(feature.categories)
        elif feature.impute in feature.categories:
            fill = feature.categories.index(feature.impute)
        else:
            fill = self.frequent[place]
        return np.where(values < 0, fill, values)

    def targets(self, records: Records) -> npt.NDArray[np.float32] | npt.NDArray[np.int64]:
        """Standardised float32 for a regression, else the class's place as int64; shape ``(rows,)``."""
        if self.schema.target.kind != "regression":
            return records.target.astype(np.int64)
        return ((records.target - self.target_mean) / self.target_scale).astype(np.float32)

    def to_unit(self, outputs: npt.NDArray[np.floating[Any]]) -> Floats:
        """A regression's outputs back in the target's unit."""
        return np.asarray(outputs, dtype=np.float64) * self.target_scale + self.target_mean

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON types; ``from_json`` gives back an equal object, to the last bit."""
        return {
            "kind": "table",
            "schema": self.schema.model_dump(mode="json"),
            "means": list(self.means),
            "scales": list(self.scales),
            "frequent": list(self.frequent),
            "target_mean": self.target_mean,
            "target_scale": self.target_scale,
            "support": None if self.support is None else self.support.to_json(),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> TablePreprocessing:
        """The inverse of ``to_json``."""
        return cls(
            schema=TableSchema.model_validate(value["schema"]),
            means=tuple(map(float, value["means"])),
            scales=tuple(map(float, value["scales"])),
            frequent=tuple(map(int, value["frequent"])),
            target_mean=float(value["target_mean"]),
            target_scale=float(value["target_scale"]),
            support=Support.from_json(value.get("support")),
        )
