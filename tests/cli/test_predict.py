"""``fedcare predict`` from its command line to what it prints."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from fedcare.cli.predict import parse_row
from fedcare.data.preprocessing import fit, statistics
from fedcare.errors import BadSetting
from fedcare.models.build import build
from fedcare.models.vector import manifest_of, vector_of
from fedcare.plan import TrainingPlan
from fedcare.registry.onnx_graph import export
from fedcare.registry.version import write_version
from fedcare.tasks.loading import load
from fedcare.tasks.registry import get
from fedcare.training.intervals import Intervals, Width
from fedcare.training.probabilities import Probabilities

PERSON = "age=40,bmi=27.5,children=2,sex=female,smoker=no,region=southeast"


def version(folder, name):
    task = get(name)
    if task.records.kind == "image":
        preprocessing = fit(task.records, np.array([100.0, 50.0, 30.0]))
    else:
        preprocessing = fit(task.records, statistics(task.records, load(task, None, 1).records))
    model = build(task.model, len(preprocessing.feature_names), max(1, len(task.records.target.classes)), 1).eval()
    plan = TrainingPlan(task_name=task.name, task=task.declaration())
    graph = export(model, preprocessing, task.kind)
    vector = vector_of(model)
    metrics = {"metrics": {"r2": 0.8}, "threshold": 0.5}
    known = Intervals(Width(200, 5000.0)) if task.kind == "regression" else Probabilities(200, low=0.0, high=1.0)
    write_version(folder, task, plan, preprocessing, manifest_of(model), vector, graph, metrics, {"rounds": 1}, known)
    return folder


@pytest.fixture(scope="module")
def costs(tmp_path_factory):
    return version(tmp_path_factory.mktemp("costs") / "model", "insurance-cost")


@pytest.fixture(scope="module")
def imaging(tmp_path_factory):
    return version(tmp_path_factory.mktemp("imaging") / "model", "cancer-imaging")


def test_one_row_is_predicted_in_the_targets_unit(fedcare, costs):
    code, out, _ = fedcare("predict", "--model", costs, "--row", PERSON, "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["prediction"]["unit"] == "dollars"
    assert answer["prediction"]["warnings"] == []
    code, out, _ = fedcare("predict", "--model", costs, "--row", PERSON)
    assert (code, "charges (dollars)" in out) == (0, True)


def test_an_interval_comes_with_a_number_and_what_gave_it_on_demand(fedcare, costs):
    code, out, _ = fedcare("predict", "--model", costs, "--row", PERSON, "--explain", "--json")
    told = json.loads(out)
    prediction, explanation = told["prediction"], told["explanation"]
    assert (code, prediction["high"]) == (0, pytest.approx(prediction["value"] + 5000.0))
    total = explanation["baseline"] + sum(each["amount"] for each in explanation["contributions"])
    assert total == pytest.approx(prediction["value"], rel=1e-6)
    code, out, _ = fedcare("predict", "--model", costs, "--row", PERSON, "--explain")
    assert code == 0
    for text in ("90% interval", "40 years", "an average record", "this record"):
        assert text in out
    code, _, err = fedcare("predict", "--model", costs, "--csv", "people.csv", "--explain")
    assert (code, "one --row" in err) == (2, True)


def test_an_image_may_be_dicom_and_a_doubtful_answer_says_ask_a_human(fedcare, imaging):
    path = Path(pydicom.__file__).parent / "data" / "test_files" / "MR_small.dcm"
    code, out, _ = fedcare("predict", "--model", imaging, "--image", path)
    assert (code, "ask a human" in out) == (0, True)


def test_what_is_assumed_is_said(fedcare, costs):
    _, out, _ = fedcare("predict", "--model", costs, "--row", "age=200,smoker=no", "--json")
    warnings = " ".join(json.loads(out)["prediction"]["warnings"])
    for text in (
        "age = 200 lies outside",
        "bmi is missing",
        "children is missing",
        "sex is missing",
        "region is missing",
    ):
        assert text in warnings


def test_a_file_of_rows_gets_an_answer_or_a_reason_for_each_line(fedcare, costs, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("age,smoker,bmi,sex,children\n40,no,27,male,0\nold,no,27,male,0\n\n50,yes,31,female,1\n")
    code, out, _ = fedcare("predict", "--model", costs, "--csv", path, "--json")
    answer = json.loads(out)
    assert (code, answer["predicted"], answer["refused"]) == (0, 2, 1)
    assert [entry["line"] for entry in answer["predictions"]] == [2, 3, 5]
    assert answer["predictions"][1]["problems"] == [{"field": "age", "reason": "'old' is not a number"}]
    code, out, err = fedcare("predict", "--model", costs, "--csv", path)
    assert (code, "1 of 3 rows" in err) == (0, True)


def test_a_file_without_a_single_prediction_fails(fedcare, costs, tmp_path):
    (tmp_path / "people.csv").write_text("age,smoker\nold,no\n")
    code, out, _ = fedcare("predict", "--model", costs, "--csv", tmp_path / "people.csv", "--json")
    assert (code, json.loads(out)["predicted"]) == (1, 0)


def test_an_image_is_predicted_with_a_probability_for_each_class(fedcare, imaging, tmp_path):
    Image.fromarray(np.full((90, 70), 100, np.uint8)).save(tmp_path / "a.png")
    code, out, _ = fedcare("predict", "--model", imaging, "--image", tmp_path / "a.png", "--json")
    assert code == 0
    assert set(json.loads(out)["prediction"]["probabilities"]) == {"normal", "cancer"}
    assert fedcare("predict", "--model", imaging, "--image", tmp_path / "a.png")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "exactly one"),
        (["--row", PERSON, "--csv", "x.csv"], "exactly one"),
        (["--row", "age"], "NAME=VALUE"),
        (["--row", "agee=40,smoker=no"], "'age' meant"),
        (["--row", "age=40"], "smoker: the value is missing"),
        (["--row", "age=forty,smoker=no"], "'forty' is not a number"),
        (["--csv", "absent.csv"], "no file absent.csv"),
        (["--image", "absent.png"], "no file absent.png"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(fedcare, costs, arguments, reason):
    code, out, err = fedcare("predict", "--model", costs, *arguments)
    assert code not in (0, None)
    assert reason in err
    assert (err.count("\n"), out) == (1, "")


def test_a_truncated_image_and_a_folder_that_is_no_model_are_one_line(fedcare, imaging, tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 70), dtype=np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:500])
    code, _, err = fedcare("predict", "--model", imaging, "--image", tmp_path / "a.png")
    assert (code, err.count("\n"), "damaged" in err) == (2, 1, True)
    code, _, err = fedcare("predict", "--model", tmp_path, "--row", PERSON)
    assert (code, err.count("\n"), "no model version" in err) == (2, 1, True)


def test_a_row_is_read_as_names_and_values_and_a_name_given_twice_is_refused():
    assert parse_row(" age = 40 ,sex=") == {"age": "40", "sex": ""}
    with pytest.raises(BadSetting):
        parse_row("age=4,age=5")


def test_a_prediction_needs_no_torch(costs):
    code = (
        "import sys; from fedcare.cli import app; sys.argv = ['fedcare', *sys.argv[1:]]; code = app._run();"
        "heavy = {'torch', 'flwr', 'sklearn', 'plotly'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    command = [sys.executable, "-c", code, "predict", "--model", str(costs), "--row", PERSON, "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert done.stderr == ""
    assert "value" in json.loads(done.stdout)["prediction"]
