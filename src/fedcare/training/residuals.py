"""Additive counts of how far predictions of a number were off, from which prediction intervals follow.

An institution's vector, float64: the histogram of absolute errors over all its rows, then one for the rows of each
category of each categorical feature, ``BINS`` cells each. Errors are measured in standard deviations of the target and
a bin is 2% wide wherever that matters, so that a quantile read off a histogram is at most so much too wide. Which
feature the intervals will depend on is decided by the coordinator on the sums of all: no row need be sent for it, and
no table of several features at once is counted, which would hold almost every row in a cell of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asinh

import numpy as np
import numpy.typing as npt

from fedcare.data.schema import ImageSchema, TableSchema

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BINS = 512
CORE = 0.005  # Below this error the bins have equal width; above it their width grows with the error.
LIMIT = 64.0  # In standard deviations of the target; what lies beyond falls into the last bin.
# A feature with more categories than this would leave a handful of rows to each.
MOST_CATEGORIES = 24
MISSING = "(missing)"

_STRETCH = asinh(LIMIT / CORE)
EDGES: Floats = CORE * np.sinh(np.linspace(0.0, _STRETCH, BINS + 1))


@dataclass(frozen=True)
class Grouping:
    """A categorical feature that can divide the rows: its name, its categories, and its columns among the inputs."""

    feature: str
    categories: tuple[str, ...]
    start: int

    @property
    def columns(self) -> slice:
        """The one-hot columns of a model's inputs."""
        return slice(self.start, self.start + len(self.categories))


def groupings(schema: TableSchema | ImageSchema) -> tuple[Grouping, ...]:
    """The features that intervals may depend on, in the order of the vector; none for images."""
    if isinstance(schema, ImageSchema):
        return ()
    found, start = [], len(schema.numeric)
    for feature in schema.categorical:
        categories = feature.categories + ((MISSING,) if feature.impute == "own-category" else ())
        if len(categories) <= MOST_CATEGORIES:
            found.append(Grouping(feature.name, categories, start))
        start += len(categories)
    return tuple(found)


def size(schema: TableSchema | ImageSchema) -> int:
    """Length of the vector."""
    return BINS * (1 + sum(len(each.categories) for each in groupings(schema)))


def residuals_by_group(
    schema: TableSchema | ImageSchema,
    outputs: npt.NDArray[np.floating],
    targets: npt.NDArray[np.generic],
    inputs: npt.NDArray[np.floating],
    groups: Ints,
    count: int,
) -> Floats:
    """Counts of each institution, shape ``(count, size)``, of rows that know their institution.

    ``outputs`` ``(rows, 1)`` and ``targets`` ``(rows,)`` are standardised, ``inputs`` ``(rows, features)`` what the
    model saw: a missing category counts as the one that stood for it, as it will when a prediction is asked for.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.abs(np.asarray(outputs, dtype=np.float64)[:, 0] - np.asarray(targets, dtype=np.float64))
    cells = _bin(error)
    parts = [_counts(groups, count, cells, BINS)]
    for each in groupings(schema):
        category = inputs[:, each.columns].argmax(axis=1)
        parts.append(_counts(groups, count, category * BINS + cells, len(each.categories) * BINS))
    return np.concatenate(parts, axis=1)


def histograms(schema: TableSchema | ImageSchema, sums: Floats) -> tuple[Floats, dict[str, Floats]]:
    """The histogram of all rows, and of each feature those of its categories, ``(categories, BINS)``."""
    by_feature, taken = {}, BINS
    for each in groupings(schema):
        end = taken + len(each.categories) * BINS
        by_feature[each.feature] = sums[taken:end].reshape(-1, BINS)
        taken = end
    return sums[:BINS], by_feature


def _bin(error: Floats) -> Ints:
    # A diverged model's errors are infinite or no numbers: they belong to the last bin, which promises nothing.
    finite = np.minimum(np.nan_to_num(error, nan=LIMIT, posinf=LIMIT), LIMIT)
    place: Ints = np.minimum(np.arcsinh(finite / CORE) * (BINS / _STRETCH), BINS - 1).astype(np.int64)
    return place


def _counts(groups: Ints, count: int, cells: Ints, cell_count: int) -> Floats:
    flat = np.bincount(groups * cell_count + cells, minlength=count * cell_count)
    counts: Floats = flat.reshape(count, cell_count).astype(np.float64)
    return counts
