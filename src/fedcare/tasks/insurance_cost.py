"""Insurance cost: a person's yearly medical charges, from the columns of the Medical Cost data.

``region`` is no feature: the known file has four regions of one country, and any other country's names would have to be
refused or treated as missing. It stays available for ``--partition by:region``.
"""

from __future__ import annotations

from fedcare.data.schema import CategoricalFeature, NumericFeature, TableSchema, Target
from fedcare.plan import LocalTraining, RoundPolicy
from fedcare.tasks.spec import Synthetic, Task

SCHEMA = TableSchema(
    target=Target(name="charges", kind="regression", aliases=("insurance_cost",), unit="dollars", minimum=0),
    numeric=(
        NumericFeature(name="age", unit="years", minimum=0, maximum=130),
        NumericFeature(name="bmi", unit="kg/m2", minimum=5, maximum=150, impute="mean"),
        NumericFeature(name="children", minimum=0, maximum=30, integer=True, impute=0.0),
    ),
    categorical=(
        CategoricalFeature(name="sex", categories=("female", "male"), impute="most-frequent", unknown="missing"),
        CategoricalFeature(name="smoker", categories=("no", "yes")),
    ),
)

TASK = Task(
    name="insurance-cost",
    title="Yearly medical charges of an insured person",
    description="Medical Cost columns: age, sex, bmi, children, smoker, and charges (or insurance_cost) as target.",
    records=SCHEMA,
    metric="r2",
    origin="synthetic-insurance",
    synthetic=Synthetic(num_samples=1338),
    local=LocalTraining(),
    rounds=RoundPolicy(rounds=20),
)
