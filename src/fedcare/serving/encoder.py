"""Records to a model's inputs, quickly: ordinary ones by short cuts, all others by the careful reader.

An ordinary record has every feature under its own name, numbers as numbers within what the model has seen, categories
spelled as declared. Nothing needs to be said of it, so it is encoded without a word; whatever is odd about a record
sends it to ``RowReader``, which knows the words. Both give the same inputs to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from fedcare.data.cells import LARGEST
from fedcare.data.table_preprocessing import TablePreprocessing
from fedcare.serving.answers import Refusal
from fedcare.serving.patient_row import PatientRow, RowReader, table_of, usual_range

Record = Mapping[str, object]
Inputs = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Encoded:
    """Inputs of the records that can be predicted, ``(known, features)``, and what is to be said of some of all.

    ``places`` are those records' places in what was given; ``odd`` holds by place the records with something to say.
    """

    inputs: Inputs
    places: npt.NDArray[np.int64]
    odd: Mapping[int, PatientRow | Refusal]


class _Columns(dict[str, int]):
    """Input columns by category; -1 for what is none."""

    def __missing__(self, category: str) -> int:
        return -1


@dataclass(frozen=True)
class _Number:
    name: str
    column: int
    mean: float
    scale: float
    low: float
    high: float
    integer: bool


class Encoder:
    """Encodes records of one version's schema."""

    def __init__(self, preprocessing: TablePreprocessing) -> None:
        self.schema = preprocessing.schema
        self._preprocessing = preprocessing
        self._reader = RowReader(self.schema, preprocessing)
        self._width = len(preprocessing.feature_names)
        self._numbers = _numbers(preprocessing)
        self._categories = _categories(preprocessing)

    def one(self, record: Record) -> tuple[Inputs, PatientRow | None] | Refusal:
        """Inputs of shape ``(1, features)``, with what is to be said of the record if there is anything."""
        if (inputs := self._ordinary(record)) is not None:
            return inputs, None
        row = self._reader.read(record)
        if not isinstance(row, PatientRow):
            return Refusal(row)
        return self._preprocessing.inputs(table_of(self.schema, [row])), row

    def many(self, records: Sequence[Record]) -> Encoded:
        """All records at once, column by column."""
        inputs = np.zeros((len(records), self._width), dtype=np.float32)
        ordinary = self._fill(records, inputs)
        odd: dict[int, PatientRow | Refusal] = {}
        readable: list[tuple[int, PatientRow]] = []
        for place in np.flatnonzero(~ordinary).tolist():
            row = self._reader.read(records[place])
            if isinstance(row, PatientRow):
                readable.append((place, row))
                odd[place] = row
            else:
                odd[place] = Refusal(row)
        if readable:
            places = [place for place, _ in readable]
            inputs[places] = self._preprocessing.inputs(table_of(self.schema, [row for _, row in readable]))
            ordinary[places] = True
        return Encoded(inputs if ordinary.all() else inputs[ordinary], np.flatnonzero(ordinary), odd)

    def _ordinary(self, record: Record) -> Inputs | None:
        """The inputs, or None where anything about the record is out of the ordinary."""
        inputs = np.zeros((1, self._width), dtype=np.float32)
        row = inputs[0]
        for each in self._numbers:
            value = record.get(each.name)
            if (type(value) is not float and type(value) is not int) or not each.low <= value <= each.high:
                return None
            if each.integer and value % 1:
                return None
            row[each.column] = (value - each.mean) / each.scale
        for name, columns in self._categories:
            category = record.get(name)
            if type(category) is not str or (column := columns[category]) < 0:
                return None
            row[column] = 1.0
        return inputs

    def _fill(self, records: Sequence[Record], inputs: Inputs) -> npt.NDArray[np.bool_]:
        """Fill in the ordinary records; which they are."""
        ordinary = np.ones(len(records), dtype=np.bool_)
        for each in self._numbers:
            values = _as_numbers(_column(records, each.name))
            usual = (values >= each.low) & (values <= each.high)
            values = np.where(usual, values, each.mean)
            if each.integer:
                usual &= np.mod(values, 1.0) == 0.0
            ordinary &= usual
            np.divide(values - each.mean, each.scale, out=inputs[:, each.column], casting="same_kind")
        for name, columns in self._categories:
            chosen = np.array(_places(_column(records, name), columns), dtype=np.int64)
            ordinary &= chosen >= 0
            inputs[np.arange(len(records)), chosen] = 1.0
        inputs[~ordinary] = 0.0
        return ordinary


def _column(records: Sequence[Record], name: str) -> list[object]:
    """A feature's values; None where it is absent."""
    try:
        return list(map(itemgetter(name), records))
    except KeyError:
        return [record.get(name) for record in records]


def _places(values: list[object], columns: _Columns) -> list[int]:
    """The input columns of categories, -1 for what is none; a list, which has no hash, is none either."""
    try:
        return list(map(columns.__getitem__, values))  # type: ignore[arg-type]
    except TypeError:
        return [columns[value] if type(value) is str else -1 for value in values]


def _as_numbers(values: list[object]) -> npt.NDArray[np.float64]:
    """Values as numbers, NaN for what is none; a whole number beyond all reason is none either."""
    if not set(map(type, values)) <= {float, int}:
        values = [value if type(value) is float or type(value) is int else np.nan for value in values]
    try:
        return np.array(values, dtype=np.float64)
    except OverflowError:
        return _as_numbers([value if abs(value) <= LARGEST else np.nan for value in values])  # type: ignore[arg-type]


def _numbers(preprocessing: TablePreprocessing) -> list[_Number]:
    usual = usual_range(preprocessing)
    found = []
    for column, feature in enumerate(preprocessing.schema.numeric):
        low, high = usual[feature.name]
        low = max(low, -LARGEST, feature.minimum if feature.minimum is not None else -LARGEST)
        high = min(high, LARGEST, feature.maximum if feature.maximum is not None else LARGEST)
        mean, scale = preprocessing.means[column], preprocessing.scales[column]
        found.append(_Number(feature.name, column, mean, scale, low, high, feature.integer))
    return found


def _categories(preprocessing: TablePreprocessing) -> list[tuple[str, _Columns]]:
    """Of each categorical feature the input column of each category as it is declared, but for those hardly seen."""
    found, start = [], len(preprocessing.schema.numeric)
    for feature in preprocessing.schema.categorical:
        rare = () if preprocessing.support is None else preprocessing.support.rare.get(feature.name, ())
        columns = {name: start + at for at, name in enumerate(feature.categories) if name not in rare}
        found.append((feature.name, _Columns(columns)))
        start += len(feature.categories) + (feature.impute == "own-category")
    return found
