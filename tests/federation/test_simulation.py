"""A study from records to a model version, on each engine."""

import json

import numpy as np
import pytest

from fedcare.aggregation.checkpoint import load
from fedcare.errors import EngineUnavailable, NothingToResume, PlanChanged, RunExists, TooFewInstitutions
from fedcare.federation.engines import choose
from fedcare.federation.simulation import Job, simulate
from fedcare.registry.version import read_version


def final_weights(folder) -> bytes:
    state = load(folder)
    assert state is not None
    return state.vector.tobytes()


def test_a_run_leaves_a_version_a_report_and_its_summary(study, folder, watcher):
    job = Job(study(), "inprocess", folder)
    summary = simulate(job, watcher)
    assert json.loads((folder / "run.json").read_text()) == summary
    assert summary["task"] == "insurance-cost"
    assert summary["rounds"] == 3
    assert [entry["round"] for entry in summary["history"]] == [1, 2, 3]
    assert summary["judged_on"] == "validation"
    assert set(summary["institutions"]) == {each.name for each in job.study.institutions}
    assert sum(each["weight"] for each in summary["institutions"].values()) == pytest.approx(1.0)
    assert summary["bytes"]["sent"] > 0
    assert read_version(folder / "model").plan.hash == job.study.plan.hash
    assert "<html" in (folder / "report.html").read_text(encoding="utf-8")
    assert len(watcher.records) == 3


def test_the_best_round_is_the_one_with_the_best_pooled_metric(study, folder, watcher):
    summary = simulate(Job(study(rounds__rounds=5, lr=0.02), "batched", folder), watcher)
    values = [entry["metrics"]["r2"] for entry in summary["history"]]
    assert summary["best_round"] == 1 + int(np.argmax(values))
    assert summary["metrics"]["r2"] == pytest.approx(max(values))


def test_the_same_study_gives_the_same_bits(study, tmp_path, watcher):
    for place in ("one", "two"):
        simulate(Job(study(), "inprocess", tmp_path / place), watcher)
    assert final_weights(tmp_path / "one") == final_weights(tmp_path / "two")


def test_another_seed_gives_other_weights(study, tmp_path, watcher):
    simulate(Job(study(), "inprocess", tmp_path / "one"), watcher)
    simulate(Job(study(seed=43), "inprocess", tmp_path / "two"), watcher)
    assert final_weights(tmp_path / "one") != final_weights(tmp_path / "two")


@pytest.mark.parametrize("strategy", ["fedavg", "fedadam", "fedprox", "fedsgd", "krum"])
def test_the_batched_engine_agrees_with_the_messages(study, tmp_path, watcher, strategy):
    # Unequal sizes come from the hospitals' shares; Krum may pick another update only if two were equally good.
    summaries = [
        simulate(Job(study(strategy__name=strategy), engine, tmp_path / engine), watcher)
        for engine in ("inprocess", "batched")
    ]
    states = [load(tmp_path / engine) for engine in ("inprocess", "batched")]
    np.testing.assert_allclose(states[0].vector, states[1].vector, atol=1e-4)
    for name, value in summaries[0]["metrics"].items():
        assert summaries[1]["metrics"][name] == pytest.approx(value, rel=1e-3)
    assert summaries[0]["bytes"]["sent"] == pytest.approx(summaries[1]["bytes"]["sent"], rel=0.02)


def test_comparing_answers_whether_joining_was_worth_it(study, folder, watcher):
    summary = simulate(Job(study(), "batched", folder, compare=True), watcher)
    names = set(summary["institutions"])
    assert set(summary["compare"]["local"]) == names
    for judged in summary["compare"]["local"].values():
        assert {"r2", "mae"} <= set(judged["own"]) & set(judged["pooled"])
    assert "r2" in summary["compare"]["pooled"]


def test_a_class_task_over_a_fraction_of_institutions(study, folder, watcher):
    small = study("breast-cancer", partition="iid:6", rounds__rounds=3, fraction_train=0.5, fraction_evaluate=0.5)
    summary = simulate(Job(small, "batched", folder), watcher)
    takers = [frozenset(entry["participants"]) for entry in summary["history"]]
    assert {len(each) for each in takers} == {3}
    assert len(set(takers)) > 1
    assert summary["metrics"]["auc"] > 0.9
    assert "roc" in summary["curves"]


def test_images_with_group_norm_train_by_message(study, folder, watcher):
    images = study("cancer-imaging", image_size=28, num_samples=60, rounds__rounds=1, norm="group")
    summary = simulate(Job(images, "inprocess", folder), watcher)
    assert 0.0 <= summary["metrics"]["accuracy"] <= 1.0
    assert summary["bytes"]["received"] > 5 * 40_000_000


def test_a_folder_is_never_overwritten(study, folder, watcher):
    simulate(Job(study(), "batched", folder), watcher)
    before = (folder / "run.json").read_bytes()
    with pytest.raises(RunExists, match="--resume"):
        simulate(Job(study(), "batched", folder), watcher)
    assert (folder / "run.json").read_bytes() == before


def test_a_complete_run_resumed_gives_its_stored_result(study, folder, watcher):
    first = simulate(Job(study(), "batched", folder), watcher)
    assert simulate(Job(study(), "batched", folder, resume=True), watcher) == first
    assert "complete" in watcher.notes[-1]


def test_there_must_be_something_to_resume(study, folder, watcher):
    with pytest.raises(NothingToResume):
        simulate(Job(study(), "batched", folder, resume=True), watcher)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"lr": 0.5}, "local.lr"),
        ({"seed": 7}, "seed"),
        ({"partition": "iid"}, "partition"),
        ({"num_samples": 210}, "records"),
    ],
)
def test_another_study_cannot_be_resumed(study, folder, watcher, change, named):
    simulate(Job(study(), "batched", folder), watcher)
    with pytest.raises(PlanChanged, match=named):
        simulate(Job(study(**change), "batched", folder, resume=True), watcher)


def test_the_default_engine_chooses_for_itself_and_says_why(study):
    table, images = study(), study("cancer-imaging", num_samples=50, image_size=28)
    assert choose(None, table.plan, table.task).engine == "batched"
    image_choice = choose(None, images.plan, images.task)
    assert image_choice.engine == "inprocess"
    assert "perceptron" in image_choice.reason
    with pytest.raises(EngineUnavailable, match="perceptron"):
        choose("batched", images.plan, images.task)
    with pytest.raises(EngineUnavailable, match="inprocess, batched, ray"):
        choose("warp", table.plan, table.task)


def test_institutions_with_fewer_rows_than_the_plan_wants_take_no_part(study):
    everybody = study()
    sizes = {each.name: len(each.train) for each in everybody.institutions}
    least = sorted(sizes.values())[1]
    small = tuple(name for name, size in sizes.items() if size < least)
    made = study(rounds__min_records=least)
    assert small and made.too_small == small
    assert {each.name for each in made.institutions} == set(sizes) - set(small)
    with pytest.raises(TooFewInstitutions, match="min_records"):
        study(rounds__min_records=max(sizes.values()) + 1)
