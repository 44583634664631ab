"""Breast cancer: malignant or benign, from the nuclei of a fine needle aspirate (Wolberg, Street, Mangasarian, 1995).

The 569 rows of the Wisconsin Diagnostic data ship with scikit-learn. Ten measures of the cell nuclei, in units of the
image, each as mean, standard error and worst (mean of the three largest) over the nuclei.
"""

from __future__ import annotations

from fedcare.data.schema import NumericFeature, TableSchema, Target
from fedcare.plan import RoundPolicy
from fedcare.tasks.spec import Task

MEASURES = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)
COLUMNS = (
    *(f"mean {measure}" for measure in MEASURES),
    *(f"{measure} error" for measure in MEASURES),
    *(f"worst {measure}" for measure in MEASURES),
)

SCHEMA = TableSchema(
    target=Target(name="diagnosis", kind="binary", classes=("benign", "malignant")),
    numeric=tuple(NumericFeature(name=column, minimum=0, impute="mean") for column in COLUMNS),
)

TASK = Task(
    name="breast-cancer",
    title="Malignant or benign breast mass",
    description="Wisconsin Diagnostic data, 569 real rows that ship with scikit-learn.",
    records=SCHEMA,
    metric="auc",
    origin="sklearn:breast_cancer",
    rounds=RoundPolicy(rounds=10),
)
