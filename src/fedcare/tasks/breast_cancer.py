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

# The ranges that the data set's own description publishes, in the order of the columns: public, and of these very rows.
RANGES = (
    *((6.981, 28.11), (9.71, 39.28), (43.79, 188.5), (143.5, 2501.0), (0.053, 0.163)),
    *((0.019, 0.345), (0.0, 0.427), (0.0, 0.201), (0.106, 0.304), (0.05, 0.097)),
    *((0.112, 2.873), (0.36, 4.885), (0.757, 21.98), (6.802, 542.2), (0.002, 0.031)),
    *((0.002, 0.135), (0.0, 0.396), (0.0, 0.053), (0.008, 0.079), (0.001, 0.03)),
    *((7.93, 36.04), (12.02, 49.54), (50.41, 251.2), (185.2, 4254.0), (0.071, 0.223)),
    *((0.027, 1.058), (0.0, 1.252), (0.0, 0.291), (0.156, 0.664), (0.055, 0.208)),
)

SCHEMA = TableSchema(
    target=Target(name="diagnosis", kind="binary", classes=("benign", "malignant")),
    numeric=tuple(
        NumericFeature(name=column, minimum=0, usual=usual, impute="mean")
        for column, usual in zip(COLUMNS, RANGES, strict=True)
    ),
)

TASK = Task(
    name="breast-cancer",
    title="Malignant or benign breast mass",
    description="Wisconsin Diagnostic data, 569 real rows that ship with scikit-learn.",
    records=SCHEMA,
    metric="auc",
    origin="sklearn:breast_cancer",
    rounds=RoundPolicy(rounds=10),
    private={
        "model.hidden": "[]",
        "local.full_batch": "true",
        "local.optimizer": "sgd",
        "local.epochs": "3",
        "local.lr": "1.0",
        "privacy.dp.clip": "0.5",
    },
)
