"""One record to a prediction, with what was assumed on the way."""

import numpy as np
import pytest
import torch
from PIL import Image

from fedcare.data.sources.csv_table import read_table
from fedcare.errors import BadValue, CorruptModel
from fedcare.serving.answers import Prediction, Refusal
from fedcare.serving.predictor import Predictor
from fedcare.tasks.registry import get

PERSON = {"age": "40", "bmi": "27.5", "children": "2", "sex": "female", "smoker": "no", "region": "southeast"}

STAGES = """
[target]
column = "stage"
kind = "multiclass"
classes = ["none", "early", "late"]
[numeric]
level = { range = [0, 10], impute = 5 }
[categorical]
site = { categories = ["left", "right"], impute = "own-category", unknown = "missing" }
"""


def said(answer) -> Prediction:
    assert isinstance(answer, Prediction)
    return answer


def test_a_complete_record_gets_the_models_answer_in_the_targets_unit_and_no_warning(made, tmp_path):
    predictor, model, preprocessing = made("insurance-cost")
    answer = said(predictor.rows([PERSON])[0])
    (tmp_path / "one.csv").write_text("age,bmi,children,sex,smoker,region,charges\n40,27.5,2,female,no,southeast,1\n")
    records = read_table(tmp_path / "one.csv", get("insurance-cost").records, "insurance-cost").records
    with torch.no_grad():
        expected = preprocessing.to_unit(model(torch.from_numpy(preprocessing.inputs(records))).numpy())
    assert answer.value == pytest.approx(float(expected[0, 0]), rel=1e-5)
    assert (answer.unit, answer.label, answer.warnings) == ("dollars", None, ())


def test_names_and_categories_match_in_any_case_and_with_outer_spaces(made):
    predictor, _, _ = made("insurance-cost")
    shouted = {f" {name.upper()} ": f" {value.upper()} " for name, value in PERSON.items()}
    assert predictor.rows([shouted]) == predictor.rows([PERSON])


def test_missing_values_are_imputed_by_the_schema_and_said(made):
    predictor, _, preprocessing = made("insurance-cost")
    answer = said(predictor.rows([PERSON | {"bmi": "", "children": "?", "sex": "NA"}])[0])
    assert [warning.split(":")[0] for warning in answer.warnings] == [
        "bmi is missing",
        "children is missing",
        "sex is missing",
    ]
    mean = preprocessing.means[1]
    same = said(predictor.rows([PERSON | {"bmi": repr(mean), "children": "0", "sex": ""}])[0])
    assert answer.value == pytest.approx(same.value, rel=1e-5)
    assert said(predictor.rows([{k: v for k, v in PERSON.items() if k != "bmi"}])[0]).warnings


def test_an_unknown_category_is_treated_as_the_schema_says_and_said(made):
    predictor, _, _ = made("insurance-cost")
    answer = said(predictor.rows([PERSON | {"sex": "other"}])[0])
    assert "unknown category 'other'" in answer.warnings[0]
    assert answer.value == said(predictor.rows([PERSON | {"sex": ""}])[0]).value
    abroad, nowhere = (said(predictor.rows([PERSON | {"region": region}])[0]) for region in ("Bavaria", ""))
    assert "unknown category 'Bavaria'" in abroad.warnings[0]
    assert abroad.value == nowhere.value


def test_what_the_schema_refuses_is_refused_with_every_reason(made):
    predictor, _, _ = made("insurance-cost")
    refusal, good = predictor.rows([PERSON | {"age": "", "smoker": "perhaps", "bmi": "heavy"}, PERSON])
    assert isinstance(refusal, Refusal)
    assert [field for field, _ in refusal.problems] == ["age", "bmi", "smoker"]
    assert isinstance(good, Prediction)


def test_a_number_out_of_range_is_predicted_with_a_warning(made):
    predictor, _, _ = made("insurance-cost")
    answer = said(predictor.rows([PERSON | {"age": "131"}])[0])
    assert "age = 131 lies outside the range 0 to 130 years" in answer.warnings[0]


def test_binary_classes_are_told_apart_at_the_versions_threshold(made):
    _, _, preprocessing = made("breast-cancer")
    names = preprocessing.feature_names
    row = {name: repr(mean) for name, mean in zip(names, preprocessing.means, strict=True)}
    low, high = (said(made("breast-cancer", threshold)[0].rows([row])[0]) for threshold in (0.0001, 0.9999))
    negative, positive = get("breast-cancer").records.target.classes
    assert (low.label, high.label) == (positive, negative)
    assert low.probabilities == high.probabilities
    assert sum(low.probabilities.values()) == pytest.approx(1.0)
    assert (low.value, low.threshold) == (low.probabilities[positive], 0.0001)


def test_a_multiclass_answer_is_the_most_probable_class(made, tmp_path):
    path = tmp_path / "stages.toml"
    path.write_text(STAGES)
    predictor, _, _ = made(path)
    answer = said(predictor.rows([{"level": "3"}])[0])
    assert answer.label == max(answer.probabilities, key=answer.probabilities.get)
    assert answer.threshold is None
    assert answer.warnings == ("site is missing: it counts as a category of its own",)


def test_many_rows_get_the_answers_they_get_one_by_one(made):
    predictor, _, _ = made("insurance-cost")
    rows = [PERSON | {"age": str(age)} for age in range(18, 60)]
    together = [said(answer).value for answer in predictor.rows(rows)]
    alone = [said(predictor.rows([row])[0]).value for row in rows]
    assert together == pytest.approx(alone, rel=1e-5)
    assert predictor.rows([]) == []


def test_images_are_answered_one_by_one_and_damaged_ones_refused(made, tmp_path):
    predictor, model, preprocessing = made("cancer-imaging")
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:900])
    first, second, third = predictor.images([tmp_path / "a.png", tmp_path / "b.png", (tmp_path / "a.png").read_bytes()])
    assert isinstance(second, Refusal)
    assert first == third
    scaled = (pixels / 255.0 - preprocessing.input_mean) / preprocessing.input_scale
    with torch.no_grad():
        expected = model(torch.tensor(scaled, dtype=torch.float32)[None, None]).softmax(1).numpy()[0]
    assert [said(first).probabilities[name] for name in ("normal", "cancer")] == pytest.approx(expected, abs=1e-5)


def test_rows_and_images_are_not_mistaken_for_one_another(made):
    with pytest.raises(BadValue):
        made("cancer-imaging")[0].rows([PERSON])
    with pytest.raises(BadValue):
        made("insurance-cost")[0].images([b""])


def test_a_graph_that_cannot_be_loaded_is_a_damaged_model(made):
    _, _, preprocessing = made("insurance-cost")
    with pytest.raises(CorruptModel):
        Predictor(b"not a graph", get("insurance-cost"), preprocessing)
