"""Real tables that ship with scikit-learn: anybody has them without a download."""

from __future__ import annotations

import numpy as np

from fedcare.data.records import Loaded, Table
from fedcare.data.schema import TableSchema


def breast_cancer(schema: TableSchema) -> Loaded:
    """The Wisconsin Diagnostic data: 569 rows, 30 measures, malignant (212 rows) as the positive class."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    names = [str(name) for name in bunch.feature_names]
    numeric = {feature.name: bunch.data[:, names.index(feature.name)].astype(np.float64) for feature in schema.numeric}
    # scikit-learn counts malignant as 0 and benign as 1; medicine calls what is looked for positive.
    target = np.array([schema.target.classes.index(str(bunch.target_names[label])) for label in bunch.target])
    return Loaded(Table(numeric=numeric, categorical={}, target=target.astype(np.float64)))


def diabetes(schema: TableSchema) -> Loaded:
    """The diabetes data of Efron et al.: 442 rows in their own units, progression after a year as target."""
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(scaled=False)
    columns = {str(name): bunch.data[:, place].astype(np.float64) for place, name in enumerate(bunch.feature_names)}
    sex = schema.categorical[0]
    places = np.array([sex.categories.index(f"{code:.0f}") for code in columns[sex.name]], dtype=np.int64)
    table = Table(
        numeric={feature.name: columns[feature.name] for feature in schema.numeric},
        categorical={sex.name: places},
        target=bunch.target.astype(np.float64),
        groups={sex.name: np.array(sex.categories)[places]},
    )
    return Loaded(table)
