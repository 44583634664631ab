"""Private simulations from records to a model version."""

import numpy as np
import pytest

from fedcare.aggregation.checkpoint import load
from fedcare.errors import BadSetting, BudgetSpent, EngineUnavailable
from fedcare.federation.engines import choose
from fedcare.federation.messages import Instruction
from fedcare.federation.simulation import Job, ledger_of, simulate
from fedcare.federation.site import Site
from fedcare.privacy.planned import planned_uses, uses_of
from fedcare.registry.version import read_version

PRIVATE = {"privacy__dp__enabled": "true", "privacy__dp__noise_multiplier": 3.0, "privacy__dp__sample_rate": 0.5}
# What a few rows are judged by without drowning in noise, at a price that only a test pays.
CLEAR = PRIVATE | {"privacy__dp__evaluation_noise": 0.05}


class Book:
    """A ledger that remembers what it was charged."""

    def __init__(self):
        self.entries = []

    def charge(self, what, round_number, uses):
        self.entries.append((what, round_number, list(uses)))

    def release(self, what, round_number, uses, question, value):
        self.charge(what, round_number, uses)
        return value()


class Shut:
    """A ledger whose disk is full."""

    def charge(self, what, round_number, uses):
        raise OSError("no space left")

    def release(self, what, round_number, uses, question, value):
        raise OSError("no space left")


def test_a_private_run_ends_in_the_last_round_and_is_judged_once(study, folder, watcher):
    summary = simulate(Job(study(**CLEAR), "inprocess", folder), watcher)
    assert summary["best_round"] == summary["rounds"] == 3
    assert all(entry["metrics"] == {} for entry in (summary["start"], *summary["history"]))
    assert all(entry["train_loss"] is None for entry in summary["history"])
    assert "r2" in summary["metrics"]
    assert "r2" in summary["simulated_exact"]["metrics"]
    assert read_version(folder / "model").plan.privacy.dp.enabled
    assert "<html" in (folder / "report.html").read_text(encoding="utf-8")


def test_without_an_evaluation_nobody_is_judged(study, folder, watcher):
    made = study(**PRIVATE, privacy__dp__evaluation="none")
    summary = simulate(Job(made, "inprocess", folder), watcher)
    assert summary["metrics"] == {}
    assert all(each["metrics"] == {} for each in summary["institutions"].values())


def test_two_classes_and_images_train_privately(study, tmp_path, watcher):
    two = simulate(Job(study("breast-cancer", rounds__rounds=2, **CLEAR), "inprocess", tmp_path / "a"), watcher)
    assert "auc" in two["metrics"]
    made = study("cancer-imaging", rounds__rounds=2, num_samples=60, image_size=28, norm="group", width=4, **CLEAR)
    assert "auc" in simulate(Job(made, "inprocess", tmp_path / "b"), watcher)["metrics"]


def test_seeded_noise_gives_the_same_bits_and_real_noise_never(study, tmp_path, watcher):
    def weights(name, **settings):
        simulate(Job(study(**PRIVATE, **settings), "inprocess", tmp_path / name), watcher)
        return load(tmp_path / name).vector.tobytes()

    seeded = {"privacy__dp__seeded_noise": "true"}
    assert weights("one", **seeded) == weights("two", **seeded)
    assert weights("three") != weights("four")


def test_the_same_noise_stands_on_every_institution_with_masks_too(study, folder, watcher):
    summary = simulate(Job(study(**CLEAR, privacy__secure__enabled="true"), "inprocess", folder), watcher)
    assert "r2" in summary["metrics"]
    assert all(entry["institutions"] == {} for entry in summary["history"])


def test_every_answer_is_charged_before_it_is_made_and_all_of_them_are_the_plan(study):
    made = study(**PRIVATE)
    book, text = Book(), made.plan.canonical()
    site = Site(made.institutions[0], book)
    drive(site, made, text)
    assert [(what, number) for what, number, _ in book.entries] == [
        ("record count", 0),
        ("update", 1),
        ("update", 2),
        ("update", 3),
        ("evaluation", 3),
    ]
    charged = sum(use.steps for what, _, uses in book.entries if what == "update" for use in uses)
    assert charged == next(use.steps for use in planned_uses(made.plan) if use.sample_rate < 1)


def test_an_answer_tells_nothing_exact(study):
    made = study(**PRIVATE)
    site = Site(made.institutions[0], Book())
    counted, trained, judged = drive(site, made, made.plan.canonical())
    assert counted.sums.tolist() == [counted.examples]
    assert trained.examples == counted.examples
    assert (trained.loss, trained.seconds, trained.sums) == (0.0, 0.0, None)
    assert (judged.examples, judged.seconds, judged.vector) == (0, 0.0, None)


def test_counts_are_noisy(study):
    made = study(**PRIVATE)
    told = {
        Site(made.institutions[0], Book()).statistics(Instruction(made.plan.canonical())).examples for _ in range(20)
    }
    assert len(told) > 5


def test_whatever_statistics_are_asked_a_private_plan_gives_the_count(study):
    made = study(**PRIVATE)
    asked = Instruction(made.plan.canonical(), 0, "support")
    assert Site(made.institutions[0], Book()).statistics(asked).sums.shape == (1,)


def test_without_a_ledger_nothing_private_leaves(study):
    made = study(**PRIVATE)
    with pytest.raises(BadSetting, match="no ledger"):
        Site(made.institutions[0]).statistics(Instruction(made.plan.canonical()))


def test_a_ledger_that_cannot_be_written_stops_the_answer(study):
    made = study(**PRIVATE)
    with pytest.raises(OSError, match="no space"):
        Site(made.institutions[0], Shut()).statistics(Instruction(made.plan.canonical()))


def test_beyond_what_the_plan_pays_for_a_simulated_institution_refuses(study):
    made = study(**PRIVATE)
    site, text = Site(made.institutions[0], ledger_of(made.plan)), made.plan.canonical()
    drive(site, made, text)
    with pytest.raises(BudgetSpent):
        drive(site, made, text)


def test_an_evaluation_that_the_plan_leaves_out_is_refused(study):
    made = study(**PRIVATE, privacy__dp__evaluation="none")
    assert uses_of(made.plan, "evaluation") == []
    with pytest.raises(BadSetting, match="lets nobody evaluate"):
        drive(Site(made.institutions[0], Book()), made, made.plan.canonical())


@pytest.mark.parametrize("engine", ["batched", "ray"])
def test_engines_that_cannot_be_private_are_refused(study, engine):
    made = study(**PRIVATE)
    with pytest.raises(EngineUnavailable):
        choose(engine, made.plan, made.task)


def test_batch_norm_class_weights_and_undeclared_ranges_are_refused(study):
    with pytest.raises(BadSetting, match=r"use model\.norm=group"):
        study("cancer-imaging", **PRIVATE)
    with pytest.raises(BadSetting, match="class weights come from exact counts"):
        study("breast-cancer", class_weights="balanced", **PRIVATE)


def drive(site, made, text):
    """All questions of a run to one site: its first, a middle and its last answer."""
    from fedcare.data.declared import declared
    from fedcare.federation.coordinator import feature_count, initial_weights
    from fedcare.plan import canonical_json

    _, vector = initial_weights(made.task, 1, feature_count(made.task))
    scaling = canonical_json(declared(made.task.records).to_json())
    counted = site.statistics(Instruction(text))
    for number in (1, 2, 3):
        trained = site.train(Instruction(text, number, "train", scaling), vector)
        assert np.isfinite(trained.vector).all()
    return counted, trained, site.evaluate(Instruction(text, 3, "test", scaling), vector)
