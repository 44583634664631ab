"""Diabetes: how far the disease progressed in one year.

Source: Efron, Hastie, Johnstone, Tibshirani, Annals of Statistics 2004. The 442 rows ship with scikit-learn; they are
used in their own units, not in the scaled form of the paper. The source does not say which sex is 1 and which is 2, so
the codes stay codes.
"""

from __future__ import annotations

from fedcare.data.schema import CategoricalFeature, NumericFeature, TableSchema, Target
from fedcare.plan import LocalTraining, RoundPolicy
from fedcare.tasks.spec import Task

SCHEMA = TableSchema(
    target=Target(name="progression", kind="regression", unit="points", minimum=0, usual=(25, 346)),
    numeric=(
        NumericFeature(name="age", unit="years", minimum=0, maximum=130, usual=(20, 80)),
        NumericFeature(name="bmi", unit="kg/m2", minimum=5, maximum=150, usual=(18, 42), impute="mean"),
        NumericFeature(
            name="bp", unit="mmHg (mean arterial pressure)", minimum=20, maximum=250, usual=(60, 135), impute="mean"
        ),
        NumericFeature(
            name="s1", unit="mg/dl (total cholesterol)", minimum=0, maximum=2000, usual=(100, 300), impute="mean"
        ),
        NumericFeature(
            name="s2", unit="mg/dl (LDL cholesterol)", minimum=0, maximum=2000, usual=(40, 240), impute="mean"
        ),
        NumericFeature(
            name="s3", unit="mg/dl (HDL cholesterol)", minimum=0, maximum=500, usual=(20, 100), impute="mean"
        ),
        NumericFeature(
            name="s4", unit="total over HDL cholesterol", minimum=0, maximum=100, usual=(2, 9), impute="mean"
        ),
        NumericFeature(name="s5", unit="log of triglycerides", minimum=0, maximum=15, usual=(3.2, 6.2), impute="mean"),
        NumericFeature(name="s6", unit="mg/dl (blood sugar)", minimum=0, maximum=2000, usual=(58, 125), impute="mean"),
    ),
    categorical=(CategoricalFeature(name="sex", categories=("1", "2"), impute="most-frequent"),),
)

TASK = Task(
    name="diabetes",
    title="Progression of diabetes within a year",
    description="442 real rows that ship with scikit-learn, in their own units.",
    records=SCHEMA,
    metric="r2",
    origin="sklearn:diabetes",
    local=LocalTraining(lr_schedule="cosine"),
    rounds=RoundPolicy(rounds=10),
)
