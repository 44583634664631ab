"""Real tables that ship with scikit-learn: anybody has them without a download.

The files are read where scikit-learn keeps them, without importing it: that alone takes longer than all else here.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fedcare.data.records import Loaded, Table
from fedcare.data.schema import TableSchema
from fedcare.errors import FileMissing

DIABETES_COLUMNS = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


def breast_cancer(schema: TableSchema) -> Loaded:
    """The Wisconsin Diagnostic data: 569 rows, 30 measures, malignant (212 rows) as the positive class.

    The numeric features of ``schema`` are taken in their order, which is the file's.
    """
    rows = _numbers("breast_cancer.csv", delimiter=",", skiprows=1)
    numeric = {feature.name: rows[:, place] for place, feature in enumerate(schema.numeric)}
    # The file counts malignant as 0 and benign as 1; medicine calls what is looked for positive.
    places = [schema.target.classes.index(name) for name in ("malignant", "benign")]
    target = np.array(places, dtype=np.float64)[rows[:, -1].astype(np.int64)]
    return Loaded(Table(numeric=numeric, categorical={}, target=target))


def diabetes(schema: TableSchema) -> Loaded:
    """The diabetes data of Efron et al.: 442 rows in their own units, progression after a year as target."""
    rows = _numbers("diabetes_data_raw.csv.gz")
    columns = {name: rows[:, place] for place, name in enumerate(DIABETES_COLUMNS)}
    sex = schema.categorical[0]
    places = np.array([sex.categories.index(f"{code:.0f}") for code in columns[sex.name]], dtype=np.int64)
    table = Table(
        numeric={feature.name: columns[feature.name] for feature in schema.numeric},
        categorical={sex.name: places},
        target=_numbers("diabetes_target.csv.gz"),
        groups={sex.name: np.array(sex.categories)[places]},
    )
    return Loaded(table)


def _numbers(name: str, delimiter: str | None = None, skiprows: int = 0) -> npt.NDArray[np.float64]:
    """A file of scikit-learn's as numbers, shape ``(rows, columns)``, or ``(rows,)`` of one column."""
    package = find_spec("sklearn")
    folders = list(package.submodule_search_locations or []) if package else []
    path = Path(folders[0] if folders else "sklearn") / "datasets" / "data" / name
    if not path.is_file():
        raise FileMissing(path=path)
    return np.loadtxt(path, delimiter=delimiter, skiprows=skiprows, dtype=np.float64)
