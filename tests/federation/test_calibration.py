"""A run ends with what its version knows of its errors, on every engine the same."""

import json

import pytest

from fedcare.federation.simulation import Job, simulate
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
    from fedcare.federation.site import Site

    evaluate = Site.evaluate

    def refuse(self, instruction, vector):
        if instruction.split == "calibration" and "Urban" not in self.name:
            raise ValueError("an older version")
        return evaluate(self, instruction, vector)

    monkeypatch.setattr(Site, "evaluate", refuse)
    simulate(Job(study(), "inprocess", tmp_path / "some"), watcher)
    assert read_version(tmp_path / "some").calibration.everybody.rows == 12
