"""A run ends with what its version knows of its errors and of what it has seen, on every engine the same."""

import json
from dataclasses import replace

import pytest

from fedcare.federation.simulation import Job, simulate
from fedcare.federation.site import Site
from fedcare.federation.train_local import plan_for, train_local
from fedcare.plan import TrainingPlan
from fedcare.registry.version import read_version
from fedcare.training.intervals import Intervals
from fedcare.training.probabilities import Probabilities


def test_a_run_of_a_number_ends_with_intervals_on_either_engine(study, tmp_path, watcher):
    found = {}
    for engine in ("inprocess", "batched"):
        simulate(Job(study(), engine, tmp_path / engine), watcher)
        found[engine] = read_version(tmp_path / engine).calibration
    one, other = found.values()
    assert isinstance(one, Intervals)
    assert one.everybody.rows == other.everybody.rows == 40  # A fifth of each institution's rows.
    assert one.everybody.half == pytest.approx(other.everybody.half, rel=0.03)
    assert (one.feature, set(one.categories)) == (other.feature, set(other.categories))


def test_a_run_of_two_classes_ends_with_calibrated_probabilities(study, tmp_path, watcher):
    simulate(Job(study("breast-cancer", rounds__rounds=3), "batched", tmp_path / "run"), watcher)
    version = read_version(tmp_path / "run")
    assert isinstance(version.calibration, Probabilities)
    assert version.calibration.rows > 80
    assert version.calibration.low <= version.calibration.of_probability(version.threshold) <= version.calibration.high
    assert "calibrated on" in version.content("card.md").decode()


def test_a_resumed_run_is_calibrated_to_the_same_bits(study, tmp_path, watcher, monkeypatch):
    simulate(Job(study(), "batched", tmp_path / "whole"), watcher)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("fedcare.federation.coordinator._judge_best", stop)
    with pytest.raises(KeyboardInterrupt):
        simulate(Job(study(), "batched", tmp_path / "cut"), watcher)
    monkeypatch.undo()
    simulate(Job(study(), "batched", tmp_path / "cut", resume=True), watcher)
    texts = [(tmp_path / run / "model" / "calibration.json").read_bytes() for run in ("whole", "cut")]
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["kind"] == "intervals"


def test_institutions_that_cannot_say_how_far_off_they_were_are_left_out(study, tmp_path, watcher, monkeypatch):
    evaluate = Site.evaluate

    def refuse(self, instruction, vector):
        if instruction.split == "calibration" and "Urban" not in self.name:
            raise ValueError("an older version")
        return evaluate(self, instruction, vector)

    monkeypatch.setattr(Site, "evaluate", refuse)
    simulate(Job(study(), "inprocess", tmp_path / "some"), watcher)
    assert read_version(tmp_path / "some").calibration.everybody.rows == 12


def test_every_engine_and_one_place_store_what_the_training_rows_cover(study, tmp_path, watcher):
    found = []
    for engine in ("inprocess", "batched"):
        simulate(Job(study(), engine, tmp_path / engine), watcher)
        found.append(read_version(tmp_path / engine))
    assert found[0].preprocessing == found[1].preprocessing
    low, high = found[0].preprocessing.support.ranges["age"]
    assert 15 < low < 20 and 60 < high < 70
    assert "| age | years | 0 to 130 | 1" in found[0].content("card.md").decode()


def test_a_model_of_one_place_knows_what_its_rows_cover(tmp_path):
    task, plan = plan_for("insurance-cost", {"num_samples": "200"}, 1, 1)
    train_local(task, plan, None, tmp_path / "run", lambda _: None)
    assert set(read_version(tmp_path / "run").preprocessing.support.ranges) == {"age", "bmi", "children"}


@pytest.mark.parametrize(("refusing", "known"), [("Urban", True), ("", False)])
def test_institutions_that_do_not_say_what_their_rows_cover_are_left_out(
    study, tmp_path, watcher, monkeypatch, refusing, known
):
    statistics = Site.statistics

    def refuse(self, instruction):
        if instruction.split == "support" and refusing in self.name:
            # As an older FedCare would: it knows one kind of statistics.
            instruction = replace(instruction, split="train")
        return statistics(self, instruction)

    monkeypatch.setattr(Site, "statistics", refuse)
    simulate(Job(study(), "inprocess", tmp_path / "run"), watcher)
    assert (read_version(tmp_path / "run").preprocessing.support is not None) == known


def test_under_differential_privacy_nobody_is_asked_what_the_rows_cover(study, tmp_path, watcher):
    made = study()
    private = TrainingPlan.model_validate(made.plan.model_dump() | {"privacy": {"dp": {"enabled": True}}})
    simulate(Job(replace(made, plan=private), "inprocess", tmp_path / "run"), watcher)
    assert read_version(tmp_path / "run").preprocessing.support is None
