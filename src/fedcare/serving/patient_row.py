"""One record's values, as typed in, sent or read from a file, to the values of the task's schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from fedcare.data.cells import LARGEST, MISSING_CATEGORY, category_reader, numeric_reader, shown
from fedcare.data.records import Table
from fedcare.data.schema import CategoricalFeature, NumericFeature, TableSchema
from fedcare.data.support import DEVIATIONS, LEAST, Support
from fedcare.data.table_preprocessing import TablePreprocessing
from fedcare.errors import BadValue

NOTHING_KNOWN = Support()


@dataclass(frozen=True)
class PatientRow:
    """One record's values by feature (NaN or -1 where missing), and what was assumed in reading them.

    ``reasons`` are the warnings for which it is unlike the rows that the model was trained on.
    """

    numeric: Mapping[str, float]
    categorical: Mapping[str, int]
    warnings: tuple[str, ...]
    reasons: tuple[str, ...] = ()


class RowReader:
    """Reads records of one schema by the rules of training, but warns of a number out of range instead of refusing.

    With ``preprocessing`` it also warns of a value that the model has not seen in training.
    """

    def __init__(self, schema: TableSchema, preprocessing: TablePreprocessing | None = None) -> None:
        self._schema = schema
        self._usual = {} if preprocessing is None else usual_range(preprocessing)
        self._seen = NOTHING_KNOWN if preprocessing is None else preprocessing.support or NOTHING_KNOWN
        self._absent = frozenset(schema.missing) | {""}
        self._numbers = {each.name: numeric_reader(each, schema.missing, check_range=False) for each in schema.numeric}
        self._categories = {each.name: category_reader(each, schema.missing) for each in schema.categorical}

    def read(self, values: Mapping[str, object]) -> PatientRow | tuple[tuple[str, str], ...]:
        """The record, or every ``(field, reason)`` that speaks against it.

        Values are texts or numbers; None and a name that is absent are missing values.
        """
        cells = {name.strip().casefold(): text_of(value) for name, value in values.items()}
        # Where a name is there in two spellings, the declared one counts.
        cells |= {name.casefold(): text_of(values[name]) for name in self._schema.feature_names if name in values}
        problems: list[tuple[str, str]] = []
        warnings: list[str] = []
        reasons: list[str] = []
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
            value = numeric[feature.name]
            if np.isnan(value):
                warnings.append(_missing_number(feature))
            else:
                seen = self._seen.ranges.get(feature.name)
                reasons += _unusual(feature, value, seen or self._usual.get(feature.name), is_seen=seen is not None)
        warnings += reasons
        for each in self._schema.categorical:
            text = cells.get(each.name.casefold(), "")
            if categorical[each.name] == MISSING_CATEGORY:
                absent = text.strip() in self._absent
                warnings.append(_missing_category(each, text, absent))
                reasons += [] if absent else warnings[-1:]
            elif (name := each.categories[int(categorical[each.name])]) in self._seen.rare.get(each.name, ()):
                warnings.append(
                    f"{each.name} = {name} is a category of which the model has seen fewer than {LEAST} rows"
                )
                reasons += warnings[-1:]
        places = {name: int(place) for name, place in categorical.items()}
        return PatientRow(numeric, places, tuple(warnings), tuple(reasons))

    def check_names(self, names: Mapping[str, object]) -> None:
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


def text_of(value: object) -> str:
    """A value as the text that a file would hold for it; empty for None."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int | float):
        # A whole number of thousands of digits has no text; any that is too large will do in its place.
        return str(value) if not abs(value) > LARGEST else "1e300"
    return f"({type(value).__name__})"


def usual_range(preprocessing: TablePreprocessing) -> dict[str, tuple[float, float]]:
    """Of each numeric feature what the model has seen, or where nobody told, the surroundings of its mean."""
    described = zip(preprocessing.schema.numeric, preprocessing.means, preprocessing.scales, strict=True)
    near = {each.name: (mean - DEVIATIONS * scale, mean + DEVIATIONS * scale) for each, mean, scale in described}
    return near if preprocessing.support is None else near | dict(preprocessing.support.ranges)


def _missing_number(feature: NumericFeature) -> str:
    what = "the federation's mean" if feature.impute == "mean" else f"{feature.impute:g} {feature.unit}".strip()
    return f"{feature.name} is missing: {what} stands for it"


def _unusual(feature: NumericFeature, value: float, usual: tuple[float, float] | None, is_seen: bool) -> list[str]:
    low, high = feature.minimum, feature.maximum
    unit = f" {feature.unit}" if feature.unit else ""
    if (low is not None and value < low) or (high is not None and value > high):
        limits = " to ".join("..." if limit is None else f"{limit:g}" for limit in (low, high))
        return [f"{feature.name} = {value:g} lies outside the range {limits}{unit}: the prediction is unreliable"]
    if usual is not None and not usual[0] <= value <= usual[1]:
        limits = f"{_rounded(usual[0])} to {_rounded(usual[1])}{unit}"
        if is_seen:
            return [f"{feature.name} = {value:g} lies outside what the model has seen, {limits}"]
        return [f"{feature.name} = {value:g} is far from what the model was trained on, mostly {limits}"]
    return []


def _rounded(limit: float) -> str:
    """Three digits, or all that stand before the point."""
    return f"{limit:.3g}" if abs(limit) < 1000 else f"{limit:.0f}"


def _missing_category(feature: CategoricalFeature, text: str, absent: bool) -> str:
    stands = {
        "most-frequent": "the federation's most frequent category stands for it",
        "own-category": "it counts as a category of its own",
    }.get(feature.impute, f"{feature.impute} stands for it")
    what = "is missing" if absent else f"has the unknown category {shown(text)}, which is treated as missing"
    return f"{feature.name} {what}: {stands}"
