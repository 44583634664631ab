"""What each feature gave: exact, complete, and in one batch."""

from itertools import permutations

import numpy as np
import pytest

from fedcare.serving.answers import Prediction, Refusal
from fedcare.serving.session import Session

PERSON = {"age": 40, "bmi": 27.5, "children": 2, "sex": "female", "smoker": "no", "region": "southeast"}


def value_of(predictor, features):
    return predictor.predict(features).value


def test_contributions_and_baseline_add_up_to_the_prediction(made):
    predictor, _, _ = made("insurance-cost")
    rng = np.random.default_rng(0)
    for _ in range(50):
        person = PERSON | {"age": int(rng.integers(18, 65)), "bmi": float(rng.uniform(16, 50))}
        person["smoker"] = str(rng.choice(["yes", "no"]))
        prediction, explanation = predictor.explain(person)
        total = explanation.baseline + sum(each.amount for each in explanation.contributions)
        assert total == pytest.approx(prediction.value, rel=1e-6)
        assert explanation.value == prediction.value == predictor.predict(person).value


def test_contributions_are_the_shapley_values_by_their_definition(made):
    predictor, _, preprocessing = made("insurance-cost")
    names = list(PERSON)
    mean = dict(zip((each.name for each in preprocessing.schema.numeric), preprocessing.means, strict=True))
    usual = {
        each.name: each.categories[place]
        for each, place in zip(preprocessing.schema.categorical, preprocessing.frequent, strict=True)
    }
    usual["children"] = mean["children"]
    baseline = mean | usual

    def prediction(known):
        inputs = {name: PERSON[name] if name in known else baseline[name] for name in names}
        row = dict(inputs)
        # A mean number of children is no whole number, which a record may not hold: the encoder's careful way is asked.
        x = predictor._encoder.one(row | {"children": 2})[0].copy()
        x[0, 2] = (row["children"] - preprocessing.means[2]) / preprocessing.scales[2]
        return float(predictor._wording.explained(predictor._session.outputs(x), None)[0])

    gains = {name: [] for name in names}
    worth = {}
    for order in permutations(names):
        known = frozenset()
        for name in order:
            after = known | {name}
            for each in (known, after):
                if each not in worth:
                    worth[each] = prediction(each)
            gains[name].append(worth[after] - worth[known])
            known = after
    _, explanation = predictor.explain(PERSON)
    for each in explanation.contributions:
        assert each.amount == pytest.approx(np.mean(gains[each.feature]), rel=1e-3, abs=0.05)


def test_the_value_is_shown_with_its_unit_and_what_is_missing_is_said(made):
    _, explanation = made("insurance-cost")[0].explain({"AGE": "40", "smoker": "no", "bmi": None})
    shown = {each.feature: each.shown for each in explanation.contributions}
    assert (shown["age"], shown["bmi"], shown["smoker"]) == ("40 years", "missing", "no")
    sizes = [abs(each.amount) for each in explanation.contributions]
    assert sizes == sorted(sizes, reverse=True)


def test_many_features_are_explained_by_a_fixed_sample_that_still_adds_up(made):
    predictor, _, preprocessing = made("breast-cancer")
    names = preprocessing.feature_names
    row = {
        name: mean + scale for name, mean, scale in zip(names, preprocessing.means, preprocessing.scales, strict=True)
    }
    prediction, explanation = predictor.explain(row)
    _, again = predictor.explain(row)
    assert (explanation, explanation.exact) == (again, False)
    positive = predictor.task.records.target.classes[1]
    total = explanation.baseline + sum(each.amount for each in explanation.contributions)
    assert explanation.label == positive
    assert total == pytest.approx(prediction.probabilities[positive], rel=1e-6)


def test_what_is_refused_is_not_explained(made):
    assert isinstance(made("insurance-cost")[0].explain({"age": 40}), Refusal)


def test_an_explanation_asks_the_graph_twice_however_many_coalitions_there_are(made, monkeypatch):
    predictor, _, _ = made("insurance-cost")
    asked, answer = [], Session.outputs
    monkeypatch.setattr(Session, "outputs", lambda self, inputs: asked.append(len(inputs)) or answer(self, inputs))
    assert isinstance(predictor.explain(PERSON)[0], Prediction)
    assert asked == [1, 2 ** len(PERSON)]


def test_for_programs_there_is_a_baseline_and_every_feature(made):
    told = made("insurance-cost")[0].explain(PERSON)[1].to_json()
    assert set(told) == {"baseline", "value", "exact", "unit", "contributions"}
    assert {each["feature"] for each in told["contributions"]} == set(PERSON)
