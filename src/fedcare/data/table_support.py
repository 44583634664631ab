"""What a table's training rows cover: each number's bins and each category."""

from __future__ import annotations

import numpy as np

from fedcare.data.records import Records
from fedcare.data.support import Axis, Floats, Support, axis, capped, ranges_of, rare_of
from fedcare.data.table_preprocessing import TablePreprocessing, as_table


def table_axes(preprocessing: TablePreprocessing) -> dict[str, Axis]:
    """The bins of each numeric feature."""
    described = zip(preprocessing.schema.numeric, preprocessing.means, preprocessing.scales, strict=True)
    return {f.name: axis(mean, scale, f.minimum, f.maximum, f.integer) for f, mean, scale in described}


def table_support_size(preprocessing: TablePreprocessing) -> int:
    """Length of the vector that ``table_support_counts`` gives."""
    categories = sum(len(each.categories) for each in preprocessing.schema.categorical)
    return sum(each.cells for each in table_axes(preprocessing).values()) + categories


def table_support_counts(preprocessing: TablePreprocessing, records: Records) -> Floats:
    """An institution's capped counts of its rows: the cells of each number, then of each category."""
    table = as_table(records)
    parts = [each.counts(table.numeric[name]) for name, each in table_axes(preprocessing).items()]
    for feature in preprocessing.schema.categorical:
        places = table.categorical[feature.name]
        parts.append(capped(np.bincount(places[places >= 0], minlength=len(feature.categories))))
    return np.concatenate(parts)


def fit_table_support(preprocessing: TablePreprocessing, totals: Floats) -> Support:
    """What the federation's rows cover, from the sum of all institutions' counts."""
    axes = table_axes(preprocessing)
    categories = {each.name: each.categories for each in preprocessing.schema.categorical}
    start = sum(each.cells for each in axes.values())
    return Support(ranges_of(axes, totals), rare_of(categories, totals[start:]))
