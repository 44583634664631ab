"""``fedcare runs`` and ``fedcare models``."""

import json

import pytest


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "diabetes-1"
    folder.mkdir()
    (folder / "study.json").write_text(json.dumps({"task": "diabetes"}))
    result = {
        "task": "diabetes",
        "status": "completed",
        "metric": "r2",
        "metrics": {"r2": 0.5, "mae": 40.0},
        "institutions": {"North": {"metrics": {"r2": 0.4}}},
        "rounds": 3,
    }
    (folder / "run.json").write_text(json.dumps(result))
    return tmp_path


def test_runs_are_listed_for_people_and_for_programs(fedcare, root):
    code, out, _ = fedcare("runs", "list", "--root", root, "--json")
    assert (code, [run["name"] for run in json.loads(out)["runs"]]) == (0, ["diabetes-1"])
    code, out, _ = fedcare("runs", "list", "--root", root)
    assert (code, "diabetes-1" in out) == (0, True)


def test_a_run_is_shown_with_its_figures_and_institutions(fedcare, root):
    code, out, _ = fedcare("runs", "show", "diabetes-1", "--root", root)
    assert code == 0
    assert "North" in out
    code, out, _ = fedcare("runs", "show", "diabetes-1", "--root", root, "--json")
    assert json.loads(out)["metrics"]["r2"] == 0.5


def test_an_empty_folder_says_how_to_fill_it(fedcare, tmp_path):
    for what in ("runs", "models"):
        code, out, err = fedcare(what, "list", "--root", tmp_path)
        assert (code, out, "simulate" in err) == (0, "", True)
        code, out, _ = fedcare(what, "list", "--root", tmp_path, "--json")
        assert json.loads(out)[what] == []


@pytest.mark.parametrize("what", ["runs", "models"])
def test_an_unknown_name_is_one_line(fedcare, tmp_path, what):
    code, out, err = fedcare(what, "show", "absent", "--root", tmp_path)
    assert (code, out, err.count("\n"), "absent" in err) == (2, "", 1, True)
