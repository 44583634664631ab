"""Diabetes: how far the disease progressed in one year.

Source: Efron, Hastie, Johnstone, Tibshirani, Annals of Statistics 2004. The 442 rows ship with scikit-learn; they are
used in their own units, not in the scaled form of the paper. The source does not say which sex is 1 and which is 2, so
the codes stay codes.

Where values usually lie comes from what is published of adults, and not from these rows:

- Body mass index: from underweight to the third class of obesity (WHO Technical Report 894, 2000).
- Mean arterial pressure: from where organs begin to lack blood to the mean, 140, of a crisis of 180 over 120 (Whelton
  et al., Hypertension 2018).
- LDL: from what is aimed at in patients at very high risk (Mach et al., European Heart Journal 2020) to very high (ATP
  III, JAMA 2001). HDL: ATP III's low and high, 40 and 60, and as much again on both sides. Triglycerides: up to ATP
  III's very high, 500, and on a logarithm's scale as far below its limit of normal, 150.
- Total cholesterol: the sum of those, a fifth of normal triglycerides included (Friedewald et al., 1972), and its ratio
  to HDL between 40 and 60.
- Blood sugar: from too low to diabetes at any time of the day (American Diabetes Association, Standards of Care).

Nobody but the study knows the scale of the target: its range is the one that scikit-learn's documentation of this data
set gives, and so the smallest and the greatest of these very rows.
"""

from __future__ import annotations

from fedcare.data.schema import CategoricalFeature, NumericFeature, TableSchema, Target
from fedcare.plan import LocalTraining, RoundPolicy
from fedcare.tasks.spec import Task

SCHEMA = TableSchema(
    target=Target(name="progression", kind="regression", unit="points", minimum=0, usual=(25, 346)),
    numeric=(
        NumericFeature(name="age", unit="years", minimum=0, maximum=130, usual=(18, 90)),
        NumericFeature(name="bmi", unit="kg/m2", minimum=5, maximum=150, usual=(18.5, 40), impute="mean"),
        NumericFeature(
            name="bp", unit="mmHg (mean arterial pressure)", minimum=20, maximum=250, usual=(60, 140), impute="mean"
        ),
        NumericFeature(
            name="s1", unit="mg/dl (total cholesterol)", minimum=0, maximum=2000, usual=(125, 280), impute="mean"
        ),
        NumericFeature(
            name="s2", unit="mg/dl (LDL cholesterol)", minimum=0, maximum=2000, usual=(55, 190), impute="mean"
        ),
        NumericFeature(
            name="s3", unit="mg/dl (HDL cholesterol)", minimum=0, maximum=500, usual=(20, 80), impute="mean"
        ),
        NumericFeature(
            name="s4", unit="total over HDL cholesterol", minimum=0, maximum=100, usual=(2, 7), impute="mean"
        ),
        NumericFeature(name="s5", unit="log of triglycerides", minimum=0, maximum=15, usual=(3.8, 6.2), impute="mean"),
        NumericFeature(name="s6", unit="mg/dl (blood sugar)", minimum=0, maximum=2000, usual=(70, 200), impute="mean"),
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
