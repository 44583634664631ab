"""Additive counts of how far predictions of a number were off, from which prediction intervals follow.

An institution's vector, float64: the histogram of absolute errors over all its rows, then one for the rows of each
category of each categorical feature, ``BINS`` cells each; then the sum of the standardised targets and of their
squares, and the sum of the targets of each category. Errors are measured in standard deviations of the target and
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
    categories = sum(len(each.categories) for each in groupings(schema))
    return BINS * (1 + categories) + 2 + categories


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
    cells, actual = _bin(error), np.asarray(targets, dtype=np.float64)
    parts = [_counts(groups, count, cells, BINS)]
    moments = [_sums(groups, count, np.zeros_like(cells), 1, values) for values in (actual, actual * actual)]
    for each in groupings(schema):
        category, size_of = inputs[:, each.columns].argmax(axis=1), len(each.categories)
        parts.append(_counts(groups, count, category * BINS + cells, size_of * BINS))
        moments.append(_sums(groups, count, category, size_of, actual))
    return np.concatenate([*parts, *moments], axis=1)


@dataclass(frozen=True)
class Counted:
    """A vector taken apart: ``everybody`` ``(BINS,)`` and, by feature, ``categories`` ``(categories, BINS)``.

    ``target`` and ``squares`` are the sums over all rows; ``targets`` those by feature, ``(categories,)``.
    """

    everybody: Floats
    categories: dict[str, Floats]
    target: float
    squares: float
    targets: dict[str, Floats]


def apart(schema: TableSchema | ImageSchema, sums: Floats) -> Counted:
    """What the entries of a vector, or of a sum of vectors, stand for."""
    found = groupings(schema)
    sizes = [len(each.categories) for each in found]
    ends = np.cumsum([BINS, *(BINS * each for each in sizes), 1, 1, *sizes[:-1]])
    everybody, *parts = np.split(sums, ends)
    by_feature = {each.feature: part.reshape(-1, BINS) for each, part in zip(found, parts, strict=False)}
    (target,), (squares,), *rest = parts[len(found) :]
    targets = {each.feature: part for each, part in zip(found, rest, strict=False)}
    return Counted(everybody, by_feature, float(target), float(squares), targets)


def _bin(error: Floats) -> Ints:
    # A diverged model's errors are infinite or no numbers: they belong to the last bin, which promises nothing.
    finite = np.minimum(np.nan_to_num(error, nan=LIMIT, posinf=LIMIT), LIMIT)
    place: Ints = np.minimum(np.arcsinh(finite / CORE) * (BINS / _STRETCH), BINS - 1).astype(np.int64)
    return place


def _sums(groups: Ints, count: int, cells: Ints, cell_count: int, values: Floats) -> Floats:
    flat = np.bincount(groups * cell_count + cells, weights=values, minlength=count * cell_count)
    sums: Floats = flat.reshape(count, cell_count).astype(np.float64)
    return sums


def _counts(groups: Ints, count: int, cells: Ints, cell_count: int) -> Floats:
    flat = np.bincount(groups * cell_count + cells, minlength=count * cell_count)
    counts: Floats = flat.reshape(count, cell_count).astype(np.float64)
    return counts
