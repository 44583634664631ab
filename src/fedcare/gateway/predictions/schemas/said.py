"""What a version says of one record or image, as every answer tells it."""

from __future__ import annotations

from pydantic import BaseModel, Field
from pydantic.config import JsonDict


class ClassProbability(BaseModel):
    """A class and its probability, 0 to 1."""

    label: str
    probability: float


class FeatureContribution(BaseModel):
    """What a feature added to the prediction (its Shapley value), and the value it had, as shown to people."""

    feature: str
    shown: str
    amount: float


class PredictionExplanation(BaseModel):
    """``baseline``, the prediction for an average record, plus all amounts is ``value``; the largest come first.

    ``exact`` is false for a task of so many features that the values are averages over a sample of orders.
    """

    baseline: float
    value: float
    exact: bool
    contributions: list[FeatureContribution]


class Said(BaseModel):
    """What a version says of one record or image."""

    value: float = Field(description="A number in `unit`; for classes the probability of `about`, 0 to 1.")
    unit: str | None
    low: float | None = Field(description="The true value lies between `low` and `high` in 90 of 100 cases.")
    high: float | None
    label: str | None = Field(description="The class that is predicted.")
    about: str | None = Field(description="The class whose probability `value` is: of two, the positive one.")
    probabilities: list[ClassProbability] = Field(description="Calibrated, in the order of the classes.")
    threshold: float | None = Field(description="From this probability on, the positive class is predicted.")
    unsure_from: float | None = Field(
        default=None,
        description="Of two classes: from this probability of `about` to below `unsure_to` the model is not sure."
        " Equal ends mean never; null where a version has no such band.",
    )
    unsure_to: float | None = None
    not_sure: bool = Field(
        description="A human should decide: the probability lies in the band, or the input is `outside`."
    )
    outside: bool = Field(description="The input is unlike what the model has seen, for these `reasons`.")
    reasons: list[str]
    warnings: list[str] = Field(description="What was assumed, such as a value that stood for a missing one.")


SAID_EXAMPLE: JsonDict = {
    "value": 8213.4,
    "unit": "dollars",
    "low": 5120.9,
    "high": 11305.9,
    "label": None,
    "about": None,
    "probabilities": [],
    "threshold": None,
    "unsure_from": None,
    "unsure_to": None,
    "not_sure": False,
    "outside": False,
    "reasons": [],
    "warnings": [],
}
EXPLANATION_EXAMPLE: JsonDict = {
    "baseline": 9890.1,
    "value": 8213.4,
    "exact": True,
    "contributions": [{"feature": "smoker", "shown": "no", "amount": -1676.7}],
}
