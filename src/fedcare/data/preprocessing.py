"""Preprocessing across the federation, for tables and images alike.

Three steps: every institution answers with ``statistics`` of its training rows (sums and counts, never rows), the
coordinator adds the answers with ``add_up`` and calls ``fit``, and every institution applies the one result. What the
rows cover (``support``) is asked for in the same way, once their means are known; a federation can do without.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fedcare.data.image_preprocessing import (
    IMAGE_STATISTICS,
    ImagePreprocessing,
    fit_image_support,
    fit_images,
    image_statistics,
    image_support_counts,
)
from fedcare.data.image_traits import AXES
from fedcare.data.records import Images, Records
from fedcare.data.schema import ImageSchema, TableSchema
from fedcare.data.table_preprocessing import (
    TablePreprocessing,
    fit_table,
    table_statistics,
    table_statistics_size,
)
from fedcare.data.table_support import fit_table_support, table_support_counts, table_support_size
from fedcare.errors import BadUpdate, BadValue

Preprocessing = TablePreprocessing | ImagePreprocessing
Sums = npt.NDArray[np.float64]


def statistics(schema: TableSchema | ImageSchema, records: Records) -> Sums:
    """An institution's half: additive counts, sums and sums of squares, shape ``(statistics_size(schema),)``."""
    if isinstance(schema, TableSchema):
        return table_statistics(schema, records)
    if not isinstance(records, Images):
        raise BadValue(field="records", reason="images belong here, not a table")
    return image_statistics(records)


def statistics_size(schema: TableSchema | ImageSchema) -> int:
    """Length of the vector that ``statistics`` gives."""
    return table_statistics_size(schema) if isinstance(schema, TableSchema) else IMAGE_STATISTICS


def add_up(answers: Iterable[Sums]) -> Sums:
    """The sum of the institutions' statistics, the same bits whatever the order in which they answered.

    Each entry is summed exactly and rounded once (Shewchuk, Discrete & Computational Geometry 1997). Raises
    ``BadUpdate`` where the answers differ in length, or one of them is not finite.
    """
    vectors = list(answers)
    if len({vector.shape for vector in vectors}) != 1 or not all(np.isfinite(vector).all() for vector in vectors):
        raise BadUpdate(institution="the federation", reason="statistics of unequal length, or not finite")
    return np.array([math.fsum(entries) for entries in zip(*vectors, strict=True)], dtype=np.float64)


def fit(schema: TableSchema | ImageSchema, totals: Sums) -> Preprocessing:
    """The coordinator's half: what every institution applies, from the sum of their statistics."""
    return fit_table(schema, totals) if isinstance(schema, TableSchema) else fit_images(schema, totals)


def support_counts(preprocessing: Preprocessing, records: Records) -> Sums:
    """An institution's capped counts of what its training rows cover, shape ``(support_size(preprocessing),)``."""
    if isinstance(preprocessing, TablePreprocessing):
        return table_support_counts(preprocessing, records)
    if not isinstance(records, Images):
        raise BadValue(field="records", reason="images belong here, not a table")
    return image_support_counts(records)


def support_size(preprocessing: Preprocessing) -> int:
    """Length of the vector that ``support_counts`` gives."""
    if isinstance(preprocessing, TablePreprocessing):
        return table_support_size(preprocessing)
    return sum(each.cells for each in AXES.values())


def with_support(preprocessing: Preprocessing, totals: Sums) -> Preprocessing:
    """The same preprocessing, knowing what the federation's rows cover."""
    if isinstance(preprocessing, TablePreprocessing):
        return replace(preprocessing, support=fit_table_support(preprocessing, totals))
    return replace(preprocessing, support=fit_image_support(totals))


def preprocessing_from_json(value: dict[str, Any]) -> Preprocessing:
    """The inverse of a preprocessing's ``to_json``."""
    kind: type[Preprocessing] = TablePreprocessing if value["kind"] == "table" else ImagePreprocessing
    return kind.from_json(value)
