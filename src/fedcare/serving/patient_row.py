"""One record's texts, as typed in or read from a file, to the values of the task's schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from fedcare.data.cells import MISSING_CATEGORY, category_reader, numeric_reader, shown
from fedcare.data.records import Table
from fedcare.data.schema import CategoricalFeature, NumericFeature, TableSchema
from fedcare.errors import BadValue


@dataclass(frozen=True)
class PatientRow:
    """One record's values by feature (NaN or -1 where missing), and what was assumed in reading them."""

    numeric: Mapping[str, float]
    categorical: Mapping[str, int]
    warnings: tuple[str, ...]


class RowReader:
    """Reads records of one schema by the rules of training, but warns of a number out of range instead of refusing."""

    def __init__(self, schema: TableSchema) -> None:
        self._schema = schema
        self._absent = frozenset(schema.missing) | {""}
        self._numbers = {each.name: numeric_reader(each, schema.missing, check_range=False) for each in schema.numeric}
        self._categories = {each.name: category_reader(each, schema.missing) for each in schema.categorical}

    def read(self, texts: Mapping[str, str]) -> PatientRow | tuple[tuple[str, str], ...]:
        """The record, or every ``(field, reason)`` that speaks against it. A name that is absent is a missing value."""
        cells = {name.strip().casefold(): text for name, text in texts.items()}
        problems: list[tuple[str, str]] = []
        warnings: list[str] = []
        numeric = {
            feature.name: self._value(feature.name, self._numbers[feature.name], cells, problems)
            for feature in self._schema.numeric
        }
        categorical = {
            each.name: self._value(each.name, self._categories[each.name], cells, problems)
            for each in self._schema.categorical
        }
        if problems:
            return tuple(problems)
        for feature in self._schema.numeric:
            warnings += _number_warnings(feature, numeric[feature.name])
        for each in self._schema.categorical:
            text = cells.get(each.name.casefold(), "")
            warnings += _category_warnings(each, categorical[each.name], text, text.strip() in self._absent)
        return PatientRow(numeric, {name: int(place) for name, place in categorical.items()}, tuple(warnings))

    def check_names(self, names: Mapping[str, str]) -> None:
        """Raise BadValue for a name that is neither feature nor target: most likely it is mistyped."""
        target = self._schema.target
        known = {name.casefold(): name for name in (*self._schema.feature_names, target.name, *target.aliases)}
        for name in names:
            if name.strip().casefold() not in known:
                close = get_close_matches(name.strip().casefold(), known, n=1)
                hint = f"is {known[close[0]]!r} meant?" if close else f"there are {', '.join(known.values())}"
                raise BadValue(field=name.strip() or "(no name)", reason=f"the task has no such feature; {hint}")

    @staticmethod
    def _value(
        name: str, reader: Callable[[str], float], cells: Mapping[str, str], problems: list[tuple[str, str]]
    ) -> float:
        try:
            return reader(cells.get(name.casefold(), ""))
        except BadValue as error:
            problems.append((name, str(error.details["reason"])))
            return 0.0


def table_of(schema: TableSchema, rows: list[PatientRow]) -> Table:
    """Records as a table without targets (zeros stand in their place)."""
    return Table(
        numeric={f.name: np.array([row.numeric[f.name] for row in rows]) for f in schema.numeric},
        categorical={c.name: np.array([row.categorical[c.name] for row in rows], np.int64) for c in schema.categorical},
        target=np.zeros(len(rows)),
    )


def _number_warnings(feature: NumericFeature, value: float) -> list[str]:
    if np.isnan(value):
        what = "the federation's mean" if feature.impute == "mean" else f"{feature.impute:g} {feature.unit}".strip()
        return [f"{feature.name} is missing: {what} stands for it"]
    low, high = feature.minimum, feature.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        limits = " to ".join("..." if limit is None else f"{limit:g}" for limit in (low, high))
        unit = f" {feature.unit}" if feature.unit else ""
        return [f"{feature.name} = {value:g} lies outside the range {limits}{unit}: the prediction is unreliable"]
    return []


def _category_warnings(feature: CategoricalFeature, place: float, text: str, absent: bool) -> list[str]:
    if place != MISSING_CATEGORY:
        return []
    stands = {
        "most-frequent": "the federation's most frequent category stands for it",
        "own-category": "it counts as a category of its own",
    }.get(feature.impute, f"{feature.impute} stands for it")
    what = "is missing" if absent else f"has the unknown category {shown(text)}, which is treated as missing"
    return [f"{feature.name} {what}: {stands}"]
