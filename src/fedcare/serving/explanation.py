"""What each feature gave to a prediction: Shapley values over the task's own features.

A feature's value is what the prediction gains, on average over all orders in which the features become known, when the
feature takes the record's value in place of the baseline's: the federation's mean, or its most frequent category. The
values add up to the prediction less the baseline's (Shapley, 1953; Lundberg and Lee, NeurIPS 2017). With up to
``EXACT`` features all coalitions go through the graph in one batch and the values are exact. With more, the average is
taken over ``ORDERS`` fixed orders and their reverses (Mitchell et al., JMLR 2022): the same record always gets the same
values, and they still add up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import factorial
from typing import Any

import numpy as np
import numpy.typing as npt

from fedcare.data.table_preprocessing import TablePreprocessing
from fedcare.serving.patient_row import text_of
from fedcare.serving.session import Array, Session
from fedcare.serving.wording import Floats, Wording

EXACT = 12
ORDERS = 48
ORDER_SEED = 20_260_101


@dataclass(frozen=True)
class Contribution:
    """A feature, its value as shown to people, and what it added to the prediction."""

    feature: str
    shown: str
    amount: float


@dataclass(frozen=True)
class Explanation:
    """``baseline`` plus all contributions is ``value``; contributions come in order of their size.

    For a number they are in ``unit``. For classes they are probabilities of ``label``: the positive one of two, the
    predicted one of more.
    """

    baseline: float
    value: float
    unit: str
    label: str | None
    contributions: tuple[Contribution, ...]
    exact: bool

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        said: dict[str, Any] = {"baseline": self.baseline, "value": self.value, "exact": self.exact}
        said |= {"unit": self.unit} if self.label is None else {"label": self.label}
        listed = [{"feature": each.feature, "shown": each.shown, "amount": each.amount} for each in self.contributions]
        return said | {"contributions": listed}


class Explainer:
    """Explains predictions of one version; safe to share between threads."""

    def __init__(self, preprocessing: TablePreprocessing, session: Session, wording: Wording) -> None:
        self._schema, self._session, self._wording = preprocessing.schema, session, wording
        self._names = self._schema.feature_names
        self._units = {each.name: each.unit for each in self._schema.numeric}
        self._baseline = _baseline(preprocessing)
        self._base_outputs = session.outputs(self._baseline)
        owners = _owners(preprocessing)
        self._exact = len(self._names) <= EXACT
        if self._exact:
            known, self._weights = _all_coalitions(len(self._names))
        else:
            known, self._weights = _sampled_orders(len(self._names))
        self._known = known[:, owners]
        self._nobody, self._everybody = ~known.any(axis=1), known.all(axis=1)

    def explain(self, record: Mapping[str, object], inputs: Array, outputs: Array, label: str | None) -> Explanation:
        """The contributions to a prediction, from its ``inputs`` ``(1, features)`` and what the model made of them."""
        gained = self._wording.explained(self._session.outputs(np.where(self._known, inputs, self._baseline)), label)
        base = float(self._wording.explained(self._base_outputs, label)[0])
        value = float(self._wording.explained(outputs, label)[0])
        # A batch adds up in another order than a row alone; the ends are set to what was, and will be, said alone.
        gained[self._nobody], gained[self._everybody] = base, value
        amounts = (self._weights @ gained).tolist()
        shown = {name.strip().casefold(): each for name, each in record.items()}
        found = [
            Contribution(name, self._shown(name, shown.get(name.casefold())), amount)
            for name, amount in zip(self._names, amounts, strict=True)
        ]
        found.sort(key=lambda each: -abs(each.amount))
        target = self._schema.target
        about = None if not target.classes else (target.classes[1] if target.kind == "binary" else label)
        return Explanation(base, value, target.unit, about, tuple(found), self._exact)

    def _shown(self, name: str, value: object) -> str:
        text = text_of(value).strip()
        if not text or text in self._schema.missing:
            return "missing"
        return f"{text} {self._units.get(name, '')}".strip()


def _baseline(preprocessing: TablePreprocessing) -> Array:
    """The inputs of a record at the federation's means and most frequent categories, ``(1, features)``."""
    inputs = np.zeros((1, len(preprocessing.feature_names)), dtype=np.float32)
    start = len(preprocessing.schema.numeric)
    for feature, frequent in zip(preprocessing.schema.categorical, preprocessing.frequent, strict=True):
        inputs[0, start + frequent] = 1.0
        start += len(feature.categories) + (feature.impute == "own-category")
    return inputs


def _owners(preprocessing: TablePreprocessing) -> npt.NDArray[np.int64]:
    """The feature to which each column of the inputs belongs."""
    widths = [1] * len(preprocessing.schema.numeric)
    widths += [len(each.categories) + (each.impute == "own-category") for each in preprocessing.schema.categorical]
    return np.repeat(np.arange(len(widths)), widths)


def _all_coalitions(features: int) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Which features each coalition knows, ``(2^n, n)``, and the weights that turn gains into Shapley values."""
    masks = np.arange(2**features)
    known = (masks[:, np.newaxis] >> np.arange(features)) & 1 == 1
    sizes = known.sum(axis=1)
    orders = factorial(features)
    with_it = np.array([factorial(max(s - 1, 0)) * factorial(features - s) / orders for s in range(features + 1)])
    without = np.array([factorial(s) * factorial(max(features - s - 1, 0)) / orders for s in range(features + 1)])
    weights: Floats = np.where(known, with_it[sizes, np.newaxis], -without[sizes, np.newaxis]).T
    return known, weights


def _sampled_orders(features: int) -> tuple[npt.NDArray[np.bool_], Floats]:
    """The same of the coalitions met in a fixed sample of orders; equal coalitions are asked once."""
    chooser = np.random.default_rng(ORDER_SEED)
    forwards = [chooser.permutation(features) for _ in range(ORDERS)]
    places: dict[bytes, int] = {}
    known: list[npt.NDArray[np.bool_]] = []
    steps: list[tuple[int, int, int]] = []
    for order in [*forwards, *(each[::-1] for each in forwards)]:
        way = np.tril(np.ones((features + 1, features), dtype=np.bool_), -1)
        coalitions = np.zeros_like(way)
        coalitions[:, order] = way
        for coalition in coalitions:
            if places.setdefault(coalition.tobytes(), len(known)) == len(known):
                known.append(coalition)
        met = [places[coalition.tobytes()] for coalition in coalitions]
        steps += [(int(each), *pair) for each, pair in zip(order, pairwise(met), strict=True)]
    weights = np.zeros((features, len(known)))
    for feature, before, after in steps:
        weights[feature, after] += 0.5 / ORDERS
        weights[feature, before] -= 0.5 / ORDERS
    return np.array(known), weights
