"""Runs and versions under a folder."""

import json

import pytest

from fedcare.errors import UnknownModel, UnknownRun, UnreadableFile
from fedcare.registry.store import find_model, list_models, list_runs, show_run


def run(root, name, *, finished=True, **result):
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "study.json").write_text(json.dumps({"task": "diabetes", "plan": {"strategy": {"name": "fedavg"}}}))
    if finished:
        (folder / "run.json").write_text(json.dumps({"task": "diabetes", "status": "completed"} | result))
    return folder


def test_runs_are_listed_by_name_finished_or_not(tmp_path):
    run(tmp_path, "b", metric="r2", metrics={"r2": 0.5}, rounds=3, institutions={"A": {}, "B": {}})
    run(tmp_path, "a", finished=False)
    (tmp_path / "no-run").mkdir()
    (tmp_path / "file").write_text("")
    first, second = list_runs(tmp_path)
    assert (first["name"], first["status"], first["strategy"]) == ("a", "unfinished", "fedavg")
    assert (second["name"], second["status"], second["value"], second["institutions"]) == ("b", "completed", 0.5, 2)


def test_a_damaged_run_does_not_hide_the_others(tmp_path):
    run(tmp_path, "a")
    (run(tmp_path, "b") / "run.json").write_text("{")
    assert [each["status"].split(":")[0] for each in list_runs(tmp_path)] == ["completed", "damaged"]
    with pytest.raises(UnreadableFile):
        show_run(tmp_path, "b")


def test_a_run_is_shown_by_name_or_path(tmp_path):
    folder = run(tmp_path, "a", rounds=4)
    assert show_run(tmp_path, "a")["rounds"] == 4
    assert show_run(tmp_path / "elsewhere", str(folder))["rounds"] == 4
    for name in ("absent", ""):
        with pytest.raises(UnknownRun):
            show_run(tmp_path, name)


def test_an_absent_folder_holds_nothing(tmp_path):
    assert list_runs(tmp_path / "absent") == list_models(tmp_path / "absent") == []


def test_versions_are_listed_verified_and_found_by_name_run_or_path(tmp_path, write_small):
    version = write_small(run(tmp_path, "one") / "model")
    write_small(run(tmp_path, "two") / "model", seed=2)
    (tmp_path / "two" / "model" / "card.md").write_text("changed")
    good, bad = list_models(tmp_path)
    assert (good["name"], good["run"], good["status"], good["value"]) == (version.name, "one", "verified", 0.9)
    assert bad["status"].startswith("damaged")
    for name in (version.name, "one", str(tmp_path / "one"), str(tmp_path / "one" / "model")):
        assert find_model(tmp_path, name) == version
    with pytest.raises(UnknownModel):
        find_model(tmp_path, "absent")
