"""Answers of masked groups: one mean for several institutions, in quorum, checks and strategies."""

from dataclasses import replace

import numpy as np
import pytest

from fedcare.aggregation.exchange import Answer
from fedcare.aggregation.rounds import RoundLoop
from fedcare.aggregation.strategy import create
from fedcare.aggregation.suspicion import SITS_OUT
from fedcare.errors import BadSetting, QuorumLost
from fedcare.federation.batched_exchange import BatchedExchange
from fedcare.federation.coordinator import coordinate, initial_weights
from fedcare.federation.engines import run as run_engine
from fedcare.federation.site import Site
from fedcare.tasks.size import feature_count
from fedcare.update import ModelUpdate, weighted_mean


class Grouped(BatchedExchange):
    """Shows the round loop what it sees under masks: means of groups, and one sum of all evaluations."""

    def __init__(self, study, watcher, groups, spoil=None):
        super().__init__([Site(each) for each in study.institutions], study.plan, watcher.answered)
        self.groups, self.spoil = groups, spoil or (lambda answers, vector: answers)

    def train(self, round_number, vector, institutions):
        answers = self.spoil(super().train(round_number, vector, institutions), vector)
        parts = np.array_split(np.arange(len(answers)), self.groups)
        return [self.mean(f"group {k}", [answers[place] for place in part]) for k, part in enumerate(parts, 1)]

    def mean(self, name, part):
        updates = [ModelUpdate(each.institution, each.vector, each.examples) for each in part]
        members, rows = tuple(each.institution for each in part), sum(each.examples for each in part)
        return Answer(name, vector=weighted_mean(updates), examples=rows, loss=part[0].loss, members=members)

    def evaluate(self, round_number, vector, institutions, split):
        answers = super().evaluate(round_number, vector, institutions, split)
        return [Answer("all", sums=sum(each.sums for each in answers), members=tuple(institutions))]


def run(study, folder, watcher, groups, spoil=None):
    folder.mkdir(exist_ok=True)
    return coordinate(study.plan, Grouped(study, watcher, groups, spoil), folder, watcher, watcher.resumed)


def times(name, factor):
    def spoil(answers, vector):
        return [
            replace(each, vector=vector + np.float32(factor) * (each.vector - vector))
            if each.institution == name
            else each
            for each in answers
        ]

    return spoil


def test_the_mean_of_group_means_is_the_mean_of_all(study, tmp_path, watcher):
    plan = study(rounds__rounds=2)
    one, two = (run(plan, tmp_path / str(groups), watcher, groups) for groups in (1, 2))
    np.testing.assert_allclose(one.state.vector, two.state.vector, atol=1e-6)
    names = [each.name for each in plan.institutions]
    for record in (*one.state.history, *two.state.history):
        assert record.participants == dict.fromkeys(names, 0)
        assert record.institutions == {}
        assert record.metrics["r2"] > -1.0
        assert record.institution_seconds == {}


def test_a_group_beyond_the_bound_is_dropped_with_all_its_members_and_the_others_are_enough(study, folder, watcher):
    plan = study(rounds__rounds=2, defence__norm_bound=5.0, lr_schedule="constant")
    names = sorted(each.name for each in plan.institutions)
    outcome = run(plan, folder, watcher, 2, times(names[0], 1000.0))
    for record in outcome.state.history:
        assert list(record.dropped) == names[:3]
        assert all("the mean of its masked group: its update moved" in why for why in record.dropped.values())
        assert list(record.participants) == names[3:]


def test_the_quorum_counts_institutions_and_not_groups(study, tmp_path, watcher):
    outcome = run(study(rounds__rounds=1, min_per_round=5, min_available=5), tmp_path / "a", watcher, 1)
    assert outcome.state.round == 1
    with pytest.raises(QuorumLost, match="4 usable answers where the plan asks for 5"):
        run(
            study(rounds__rounds=1, min_per_round=5, min_available=5),
            tmp_path / "b",
            watcher,
            1,
            lambda answers, _: answers[1:],
        )


def test_a_group_cannot_claim_more_rows_than_its_members_announced(study, folder, watcher):
    plan = study(rounds__rounds=1, min_per_round=2)

    def claims(answers, _):
        return [replace(answers[0], examples=10**6), *answers[1:]]

    outcome = run(plan, folder, watcher, 2, claims)
    assert "training rows claimed where" in next(iter(outcome.state.history[0].dropped.values()))


def test_a_robust_strategy_runs_over_groups_and_outvotes_the_poisoned_one(study, tmp_path, watcher):
    plan = study(rounds__rounds=3, strategy="median", outlier_factor=1e6)
    names = [each.name for each in plan.institutions]
    clean = run(plan, tmp_path / "clean", watcher, 3)
    attacked = run(plan, tmp_path / "attacked", watcher, 3, times(names[0], -100.0))
    start = clean.state.start.metrics["r2"]
    assert clean.state.history[-1].metrics["r2"] > start
    assert attacked.state.history[-1].metrics["r2"] > start


def test_under_masks_the_pooled_figure_rolls_a_round_back(study, folder, watcher):
    plan = study(rounds__rounds=3, defence__acceptance=0.05, local__epochs=3, outlier_factor=1e6)
    rounds = iter([1.0, -60.0, 1.0])

    def sometimes(answers, vector):
        factor = next(rounds)
        return [replace(each, vector=vector + np.float32(factor) * (each.vector - vector)) for each in answers]

    outcome = run(plan, folder, watcher, 1, sometimes)
    assert [each.rolled_back is None for each in outcome.state.history] == [True, False, True]


def test_a_group_that_harms_is_left_out_and_the_other_moves_the_weights(study, folder, watcher):
    plan = study(rounds__rounds=3, defence__acceptance=0.02, outlier_factor=1e6, lr_schedule="constant")
    names = sorted(each.name for each in plan.institutions)
    outcome = run(plan, folder, watcher, 2, times(names[0], -300.0))
    for record in outcome.state.history:
        assert record.rolled_back is None
        assert list(record.participants) == names[3:]
        assert sorted(record.dropped) == names[:3]
    assert outcome.state.history[-1].metrics["r2"] > outcome.state.start.metrics["r2"]


class Reversing(Site):
    """An institution whose node works backwards."""

    def train(self, instruction, vector):
        answer = super().train(instruction, vector)
        return replace(answer, vector=vector - np.float32(300.0) * (answer.vector - vector))


def test_through_real_masks_whoever_is_in_each_group_that_harms_is_found_and_the_others_go_on(study, folder, watcher):
    masks = {"privacy__secure__enabled": "true", "privacy__secure__groups": 2, "privacy__secure__least": 2}
    plan = study(rounds__rounds=4, defence__acceptance=0.02, privacy__secure__bound=1000, **masks)
    folder.mkdir()
    first, *others = plan.institutions
    sites = [Reversing(first), *(Site(each) for each in others)]
    outcome = run_engine(
        "inprocess",
        plan.plan,
        sites,
        lambda exchange: coordinate(plan.plan, exchange, folder, watcher, watcher.resumed),
        watcher.answered,
    )
    for record in outcome.state.history:
        assert record.rolled_back is None
        assert first.name in record.dropped
        assert set(record.participants.values()) == {0}
        assert record.institutions == {}
    last = outcome.state.history[-1]
    assert last.dropped == {first.name: SITS_OUT}
    assert list(last.participants) == sorted(each.name for each in others)
    assert outcome.state.history[-1].metrics["r2"] > outcome.state.start.metrics["r2"]


def test_fewer_groups_than_the_strategy_compares_are_refused_before_the_first_round(study, watcher):
    plan = study(strategy="median", privacy__secure__enabled="true", privacy__secure__groups=2).plan
    designed = study(strategy="median")
    from fedcare.tasks.spec import Task

    task = Task.model_validate(plan.task)
    manifest, initial = initial_weights(task, plan.seed, feature_count(task))
    loop = RoundLoop(task, plan, manifest, create(plan.strategy), Grouped(designed, watcher, 2), watcher)
    with pytest.raises(BadSetting, match="it compares 3 updates"):
        loop.begin(initial)


def test_under_masks_the_round_with_the_least_bounded_loss_is_the_best(study, folder, watcher):
    # Rounds go back and forth, so that the last one is not the best.
    plan = study("breast-cancer", rounds__rounds=5, defence__acceptance=0.5, local__lr=0.05, lr_schedule="constant")
    outcome = run(plan, folder, watcher, 2)
    losses = {each.round: each.bounded_loss for each in outcome.state.history}
    assert outcome.state.best_round == min(losses, key=lambda number: losses[number])
    assert len(set(losses.values())) == 5
