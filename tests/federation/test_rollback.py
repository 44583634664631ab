"""A round that does harm is thrown away with all it left behind, and the run goes on as if it had not been."""

from dataclasses import replace

import numpy as np
import pytest

from fedcare.aggregation.checkpoint import load
from fedcare.aggregation.suspicion import HARMED
from fedcare.errors import NothingAccepted, QuorumLost
from fedcare.federation.batched_exchange import BatchedExchange
from fedcare.federation.coordinator import coordinate
from fedcare.federation.site import Site


def backwards(way):
    return -300.0 * way


class Killed(Exception):
    """The process is gone."""


class Harmed(BatchedExchange):
    """An exchange whose answers in some rounds ruin the model; it remembers what every round began with."""

    def __init__(self, study, watcher, harm=(), by=backwards, dies_in=None, liars=(), only=None):
        super().__init__([Site(each) for each in study.institutions], study.plan, watcher.answered)
        self.harm, self.by, self.dies_in, self.liars, self.only = harm, by, dies_in, liars, only
        self.began: dict[int, bytes] = {}
        self.judged = 0

    def train(self, round_number, vector, institutions):
        if round_number == self.dies_in:
            raise Killed
        self.began[round_number] = vector.tobytes()
        answers = super().train(round_number, vector, institutions)
        if round_number not in self.harm:
            return answers
        return [
            replace(each, vector=vector + self.by(each.vector - vector).astype(np.float32))
            if self.only in (None, each.institution)
            else each
            for each in answers
        ]

    def evaluate(self, round_number, vector, institutions, split):
        self.judged += round_number > 0 and split == "validation"
        answers = super().evaluate(round_number, vector, institutions, split)
        worst = super().evaluate(round_number, -50 * vector, institutions, split)
        lies = [bad if good.institution in self.liars else good for good, bad in zip(answers, worst, strict=True)]
        return lies if round_number not in (0, *self.harm) else answers


def run(study, folder, watcher, **ways):
    folder.mkdir(exist_ok=True)
    exchange = Harmed(study, watcher, **ways)
    return coordinate(study.plan, exchange, folder, watcher, watcher.resumed), exchange


def bits(state) -> list[object]:
    strategy = {name: array.tobytes() for name, array in state.strategy.items()}
    return [state.vector.tobytes(), state.best.tobytes(), strategy, [each.tobytes() for each in state.recent]]


DEFENDED = {"defence__acceptance": 0.05, "local__epochs": 3}


@pytest.mark.parametrize("strategy", ["fedavg", "fedavgm", "fedadam", "trimmed-mean"])
def test_a_rolled_back_round_leaves_weights_strategy_and_average_as_they_were(study, tmp_path, watcher, strategy):
    # Adam's steps have one length whatever the updates, so that one round can do but little harm.
    tolerance, average = (0.0, 1) if strategy == "fedadam" else (0.05, 2)
    settings = DEFENDED | {"defence__acceptance": tolerance, "average_last": average}
    plan = study(rounds__rounds=3, strategy=strategy, **settings)
    with pytest.raises(Killed):
        run(plan, tmp_path / "a", watcher, dies_in=3)
    before = load(tmp_path / "a")
    after, _ = run(plan, tmp_path / "b", watcher, harm=[3])
    assert before.round == 2
    assert bits(after.state) == bits(before)
    assert after.state.best_round == before.best_round
    record = after.state.history[2]
    assert "r2 is worse by" in record.rolled_back
    assert [each.rolled_back for each in after.state.history[:2]] == [None, None]


@pytest.mark.parametrize("strategy", ["fedavg", "fedavgm"])
def test_after_a_harmful_first_round_the_run_begins_anew(study, folder, watcher, strategy):
    settings = {"strategy": strategy, **DEFENDED}
    outcome, exchange = run(study(rounds__rounds=4, **settings), folder, watcher, harm=[1])
    assert exchange.began[2] == exchange.began[1]
    assert outcome.state.history[0].rolled_back
    assert outcome.state.best_round > 1


@pytest.mark.parametrize("strategy", ["fedavg", "fedadam"])
def test_a_run_killed_after_a_rollback_ends_in_the_same_bits(study, tmp_path, watcher, strategy):
    plan = study(rounds__rounds=5, strategy=strategy, average_last=2, **DEFENDED)
    whole, _ = run(plan, tmp_path / "whole", watcher, harm=[2])
    for dies_in in (3, 4):
        with pytest.raises(Killed):
            run(plan, tmp_path / "killed", watcher, harm=[2], dies_in=dies_in)
        kept = load(tmp_path / "killed")
        assert kept.history[1].rolled_back == whole.state.history[1].rolled_back
    resumed, _ = run(plan, tmp_path / "killed", watcher, harm=[2])
    assert bits(resumed.state) == bits(whole.state)
    assert [each.metrics for each in resumed.state.history] == [each.metrics for each in whole.state.history]


@pytest.mark.parametrize("by", [backwards, lambda way: np.full_like(way, 1e30)])
def test_a_run_of_which_no_round_is_accepted_ends_and_says_so(study, folder, watcher, by):
    plan = study(rounds__rounds=2, **DEFENDED)
    with pytest.raises(NothingAccepted, match="All 2 rounds were rolled back"):
        run(plan, folder, watcher, harm=[1, 2], by=by)


def test_without_an_acceptance_test_a_harmful_round_stands(study, folder, watcher):
    outcome, _ = run(study(rounds__rounds=3), folder, watcher, harm=[3])
    assert [each.rolled_back for each in outcome.state.history] == [None] * 3


def test_a_minority_that_lies_about_every_round_stops_none_and_passes_none(study, folder, watcher):
    names = [each.name for each in study().institutions]
    plan = study(rounds__rounds=4, **DEFENDED)
    outcome, _ = run(plan, folder, watcher, harm=[3], liars=names[:2])
    assert [each.rolled_back is None for each in outcome.state.history] == [True, True, False, True]


def test_where_nobody_can_evaluate_the_weights_the_round_is_rolled_back(study, folder, watcher):
    plan = study(rounds__rounds=3, **DEFENDED)
    outcome, _ = run(plan, folder, watcher, harm=[2], by=lambda way: np.full_like(way, 1e30))
    assert outcome.state.history[1].rolled_back == "no institution could evaluate its weights"
    assert np.isfinite(outcome.state.vector).all()


def test_where_no_update_keeps_to_the_bound_the_round_is_rolled_back_and_not_the_run(study, folder, watcher):
    plan = study(rounds__rounds=3, defence__norm_bound=5.0, **DEFENDED)
    outcome, _ = run(plan, folder, watcher, harm=[2], by=lambda way: 1000.0 * way)
    record = outcome.state.history[1]
    assert "0 usable answers" in record.rolled_back
    assert all("the plan's bound is 5" in why for why in record.dropped.values())
    assert outcome.state.round == 3
    with pytest.raises(QuorumLost):
        run(
            study(rounds__rounds=3, defence__norm_bound=5.0),
            folder.with_name("b"),
            watcher,
            harm=[2],
            by=lambda way: 1e3 * way,
        )


@pytest.mark.parametrize("strategy", ["fedavg", "fedavgm", "median"])
def test_one_member_that_harms_every_round_is_left_out_of_each_and_the_run_goes_on(study, tmp_path, watcher, strategy):
    options = {"strategy__options__momentum": 0.2} if strategy == "fedavgm" else {}
    plan = study(rounds__rounds=4, strategy=strategy, outlier_factor=1e6, average_last=2, **options, **DEFENDED)
    name = plan.institutions[0].name
    ways = {"harm": [1, 2, 3, 4], "only": name, "by": lambda way: np.full_like(way, 3.0)}
    outcome, _ = run(plan, tmp_path / "whole", watcher, **ways)
    clean, _ = run(plan, tmp_path / "clean", watcher)
    assert [each.rolled_back for each in outcome.state.history] == [None] * 4
    if strategy != "median":  # It outvotes the member by itself, so that nothing has to be left out.
        for record in outcome.state.history:
            assert record.dropped[name] == "without its update the round was better"
            assert name not in record.participants
    scores = [each.state.history[-1].metrics["r2"] for each in (outcome, clean)]
    assert scores[0] > scores[1] - 0.1
    with pytest.raises(Killed):
        run(plan, tmp_path / "killed", watcher, dies_in=3, **ways)
    resumed, _ = run(plan, tmp_path / "killed", watcher, **ways)
    assert bits(resumed.state) == bits(outcome.state)


def test_one_that_only_slows_the_others_down_is_left_out_though_no_round_is_refused(study, folder, watcher):
    plan = study(rounds__rounds=3, lr_schedule="constant", **DEFENDED)
    name = max(plan.institutions, key=lambda each: len(each.train)).name
    outcome, _ = run(plan, folder, watcher, harm=[1, 2, 3], only=name, by=lambda way: -2.0 * way)
    for record in outcome.state.history:
        assert record.rolled_back is None
        assert record.dropped == {name: "without its update the round was better"}


@pytest.mark.parametrize(("harm", "left_out"), [([1, 2], True), ([2], False)])
def test_whoever_was_left_out_of_the_last_round_is_left_out_for_little(study, folder, watcher, harm, left_out):
    plan = study(rounds__rounds=2, lr_schedule="constant", **DEFENDED)
    name = max(plan.institutions, key=lambda each: len(each.train)).name
    factors = iter([-2.0, 0.6][-len(harm) :])
    outcome, _ = run(plan, folder, watcher, harm=harm, only=name, by=lambda way: next(factors) * way)
    assert (name in outcome.state.history[1].dropped) == left_out


def test_of_many_updates_a_part_is_left_out_so_that_evaluations_do_not_grow_with_their_square(study, folder, watcher):
    plan = study(partition="iid:12", rounds__rounds=1, outlier_factor=1e6, num_samples=600, **DEFENDED)
    name = plan.institutions[0].name
    outcome, exchange = run(plan, folder, watcher, harm=[1], only=name, by=lambda way: np.full_like(way, 3.0))
    (record,) = outcome.state.history
    assert name in record.dropped
    assert len(record.dropped) in (2, 3)
    assert exchange.judged == 1 + 5 + 1, "whole, without each of five parts, and the best weights at the end"


class Lucky(BatchedExchange):
    """An exchange that takes some other weights for those which a run begins with."""

    def __init__(self, study, watcher, begins_with):
        super().__init__([Site(each) for each in study.institutions], study.plan, watcher.answered)
        self.begins_with = begins_with

    def evaluate(self, round_number, vector, institutions, split):
        return super().evaluate(round_number, vector if round_number else self.begins_with, institutions, split)


def test_that_an_untrained_model_happens_to_rank_well_bars_no_round_that_fits_patients_better(study, tmp_path, watcher):
    good, _ = run(study("breast-cancer", rounds__rounds=2), tmp_path / "good", watcher)
    plan = study("breast-cancer", rounds__rounds=1, defence__acceptance=0.0, local__lr=1e-5)

    def after(begins_with, name):
        (tmp_path / name).mkdir()
        exchange = Lucky(plan, watcher, begins_with)
        return coordinate(plan.plan, exchange, tmp_path / name, watcher, watcher.resumed).state

    # Of weights 50 times as great, a last layer's among them, the loss is bad and the ranking is much the same.
    lucky = after(50 * good.state.vector, "lucky")
    assert lucky.history[0].metrics["auc"] < lucky.start.metrics["auc"]
    assert lucky.history[0].metrics["loss"] < lucky.start.metrics["loss"]
    assert lucky.history[0].rolled_back is None
    with pytest.raises(NothingAccepted, match="its loss is worse"):
        after(good.state.vector, "trained")


def test_an_institution_whose_labels_are_the_wrong_way_round_is_left_out_though_patients_rank_alike(
    study, folder, watcher
):
    plan = study("breast-cancer", rounds__rounds=3, defence__acceptance=0.5)
    worst = max(plan.institutions, key=lambda each: len(each.train))
    sites = [Site(replace(each, train=flipped(each.train)) if each is worst else each) for each in plan.institutions]
    folder.mkdir()
    outcome = coordinate(
        plan.plan, BatchedExchange(sites, plan.plan, watcher.answered), folder, watcher, watcher.resumed
    )
    assert any(record.dropped == {worst.name: HARMED} for record in outcome.state.history)
    assert not {name for record in outcome.state.history for name in record.dropped} - {worst.name}


def flipped(records):
    return replace(records, target=1.0 - records.target)


def test_the_round_with_the_least_bounded_loss_of_the_median_institution_is_the_best(study, folder, watcher):
    # Rounds go back and forth, so that the last one is not the best; one institution tells every one of them wrongly.
    plan = study("breast-cancer", rounds__rounds=5, defence__acceptance=0.5, local__lr=0.2, lr_schedule="constant")
    liar = plan.institutions[0].name
    outcome, _ = run(plan, folder, watcher, liars=(liar,))
    losses = {each.round: each.bounded_loss for each in outcome.state.history}
    assert outcome.state.best_round == min(losses, key=lambda number: losses[number])
    assert len(set(losses.values())) == 5
