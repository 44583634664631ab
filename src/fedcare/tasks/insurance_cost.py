"""Insurance cost: a person's yearly medical charges, from the columns of the Medical Cost data.

``region`` has the four regions of the known file as categories; any other text, and a blank, is a category of its own,
so that another country's file can be used as it is. Weight decay and a falling learning rate keep the small files that
this task is for from being learned by heart.

Where values usually lie comes from what is published of insured adults in the United States, and not from any file:

- Age: from adulthood to 65, where Medicare takes over.
- Body mass index: from underweight to the third class of obesity (WHO Technical Report 894, 2000).
- Children: one family in ten has three or more at home (Census Bureau, Current Population Survey 1990).
- Charges: the dearest hundredth of the population came to 95,200 dollars a head in 2013, and the cheaper half to 2.9%
  of all expenses (AHRQ, MEPS Statistical Brief 480), so all but a few of a hundred lie below 50,000.
"""

from __future__ import annotations

from fedcare.data.schema import CategoricalFeature, NumericFeature, TableSchema, Target
from fedcare.plan import LocalTraining, RoundPolicy
from fedcare.tasks.spec import Synthetic, Task

REGIONS = ("northeast", "northwest", "southeast", "southwest")

SCHEMA = TableSchema(
    target=Target(
        name="charges", kind="regression", aliases=("insurance_cost",), unit="dollars", minimum=0, usual=(0, 50000)
    ),
    numeric=(
        NumericFeature(name="age", unit="years", minimum=0, maximum=130, usual=(18, 65)),
        NumericFeature(name="bmi", unit="kg/m2", minimum=5, maximum=150, usual=(18.5, 40), impute="mean"),
        NumericFeature(name="children", minimum=0, maximum=30, usual=(0, 4), integer=True, impute=0.0),
    ),
    categorical=(
        CategoricalFeature(name="sex", categories=("female", "male"), impute="most-frequent", unknown="missing"),
        CategoricalFeature(name="smoker", categories=("no", "yes")),
        CategoricalFeature(name="region", categories=REGIONS, impute="own-category", unknown="missing"),
    ),
)

TASK = Task(
    name="insurance-cost",
    title="Yearly medical charges of an insured person",
    description="Medical Cost columns: age, sex, bmi, children, smoker, region; target charges (or insurance_cost).",
    records=SCHEMA,
    metric="r2",
    origin="synthetic-insurance",
    synthetic=Synthetic(num_samples=1338),
    local=LocalTraining(lr=6e-3, lr_schedule="cosine", weight_decay=1.0),
    rounds=RoundPolicy(rounds=30),
    private={
        "model.hidden": "[32]",
        "local.full_batch": "true",
        "local.optimizer": "sgd",
        "local.momentum": "0.9",
        "local.epochs": "6",
        "local.lr": "0.3",
        "local.lr_schedule": "constant",
        "local.weight_decay": "0",
        "rounds.rounds": "15",
        "selection.average_last": "5",
        "privacy.dp.clip": "1.0",
    },
)
