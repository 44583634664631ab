"""What a version knows of its errors, as it is said with a prediction."""

import json
import sys
import threading
from subprocess import run

import numpy as np
import pytest

from fedcare.registry.onnx_graph import export
from fedcare.serving.answers import Refusal
from fedcare.serving.predictor import Predictor
from fedcare.tasks.registry import get
from fedcare.training.intervals import Intervals, Width
from fedcare.training.probabilities import Probabilities

PERSON = {"age": 40, "bmi": 27.5, "children": 2, "sex": "female", "smoker": "no", "region": "southeast"}
INTERVALS = Intervals(
    Width(200, 5000.0), "smoker", {"yes": Width(40, 9000.0)}, {"north": {"no": Width(150, 2000.0), "": Width(9, None)}}
)


@pytest.fixture
def costs(made):
    _, model, preprocessing = made("insurance-cost")
    task = get("insurance-cost")
    return Predictor(export(model, preprocessing, task.kind), task, preprocessing, 0.5, INTERVALS)


def width(answer):
    return answer.high - answer.value


@pytest.mark.parametrize(
    ("smoker", "institution", "half"),
    [
        ("no", None, 5000.0),
        ("yes", None, 9000.0),
        ("no", "north", 2000.0),
        ("yes", "north", 9000.0),
        ("no", "x", 5000.0),
    ],
)
def test_the_interval_is_that_of_the_records_category_and_institution(costs, smoker, institution, half):
    person = PERSON | {"smoker": smoker}
    answer = costs.predict(person, institution)
    assert width(answer) == pytest.approx(half)
    assert costs.rows([person], institution)[0].high == pytest.approx(answer.high)
    assert costs.predict({name: str(value) for name, value in person.items()}, institution) == answer


def test_an_interval_keeps_to_what_the_target_can_be(costs):
    answer = costs.predict(PERSON | {"smoker": "yes"})
    assert answer.low == max(0.0, answer.value - 9000.0)
    assert answer.low <= answer.high


def test_a_version_without_calibration_gives_no_interval(made):
    answer = made("insurance-cost")[0].predict(PERSON)
    assert (answer.low, answer.high, answer.outside) == (None, None, False)
    assert answer.to_json()["low"] is None


def test_calibrated_probabilities_keep_the_label_and_say_when_they_are_not_sure(made):
    plain, model, preprocessing = made("breast-cancer", 0.3)
    task = get("breast-cancer")
    graph = export(model, preprocessing, task.kind)
    row = dict(zip(preprocessing.feature_names, preprocessing.means, strict=True))
    before = plain.predict(row)
    line = Probabilities(500, 2.0, -0.5, low=0.0, high=1.0)
    sure = Probabilities(500, 2.0, -0.5, low=0.5, high=0.5)
    after, certain = (Predictor(graph, task, preprocessing, 0.3, each).predict(row) for each in (line, sure))
    positive = task.records.target.classes[1]
    assert after.label == before.label
    assert after.probabilities[positive] == pytest.approx(line.of_probability(before.probabilities[positive]), abs=1e-6)
    assert after.threshold == pytest.approx(line.of_probability(0.3))
    assert (before.not_sure, after.not_sure, certain.not_sure) == (False, True, False)
    assert (before.unsure_from, before.unsure_to) == (None, None)
    assert (after.unsure_from, after.unsure_to) == (0.0, 1.0)
    assert certain.to_json()["unsure_from"] == 0.5


def test_many_rows_are_answered_in_columns_and_as_objects_alike(costs):
    rng = np.random.default_rng(0)
    people = [PERSON | {"age": int(age), "smoker": str(smoker)} for age, smoker in
              zip(rng.integers(18, 60, 300), rng.choice(["yes", "no"], 300), strict=True)]  # fmt: skip
    people[7], people[9] = PERSON | {"age": None}, PERSON | {"age": 125}
    answers = costs.batch(people)
    assert len(answers) == 300
    assert isinstance(answers[7], Refusal)
    assert np.isnan(answers.words.values[7])
    assert answers[9].outside
    assert list(answers) == [answers[place] for place in range(300)]
    for one, person in zip(answers[10:60], people[10:60], strict=True):
        alone = costs.predict(person)
        assert one.value == pytest.approx(alone.value, rel=1e-5)
        assert (one.low, one.high) == pytest.approx((alone.low, alone.high), rel=1e-5, abs=0.1)
    assert len(costs.batch([])) == 0
    assert [isinstance(each, Refusal) for each in costs.batch([{}, {}])] == [True, True]


def test_threads_share_a_predictor(costs):
    people = [PERSON | {"age": age} for age in range(18, 60)]
    expected = [costs.predict(person) for person in people]
    failures = []

    def ask():
        for _ in range(20):
            failures.extend(costs.predict(person) != answer for person, answer in zip(people, expected, strict=True))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 8 * 20 * len(people)
    assert not any(failures)


def test_predicting_and_explaining_import_no_torch(tmp_path, made):
    _, model, preprocessing = made("insurance-cost")
    (tmp_path / "graph").write_bytes(export(model, preprocessing, "regression"))
    code = f"""
import sys, json
from pathlib import Path
from fedcare.serving.predictor import Predictor
from fedcare.tasks.registry import get
from fedcare.data.preprocessing import preprocessing_from_json
from fedcare.training.calibration import calibration_from_json
told = json.loads({json.dumps(preprocessing.to_json())!r})
calibration = calibration_from_json(json.loads({json.dumps(INTERVALS.to_json())!r}))
graph, task = Path(sys.argv[1]).read_bytes(), get("insurance-cost")
predictor = Predictor(graph, task, preprocessing_from_json(told), 0.5, calibration)
person = {PERSON!r}
assert predictor.predict(person).high and predictor.explain(person) and len(predictor.batch([person] * 9)) == 9
import fedcare.registry.version, fedcare.serving.imaging
assert "torch" not in sys.modules
"""
    done = run([sys.executable, "-c", code, str(tmp_path / "graph")], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
