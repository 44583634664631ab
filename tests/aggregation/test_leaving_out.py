"""Under masks a group is judged by what the round is without it: who is left out, and who stays in doubt."""

from dataclasses import replace

import numpy as np
import pytest

from fedcare.aggregation.checkpoint import RunState
from fedcare.aggregation.exchange import RoundRecord
from fedcare.aggregation.judging import NOBODY
from fedcare.aggregation.leaving_out import Attempt, best_attempt
from fedcare.update import ModelUpdate

FIRST, SECOND = "ab", "cde"
AFTER = RunState(np.zeros(1), np.zeros(1), {}, {}, RoundRecord(0, {}, {}, None, {}))
WHOLE = (0.1, 0.0)


def update(members):
    return ModelUpdate(members, np.zeros(1, np.float32), 2, {}, tuple(members))


def tried(without_first, without_second, suspected=frozenset(), whole=WHOLE, **institutions):
    """The best attempt of two groups, from the bounded loss and the gain of each attempt."""
    known = {FIRST + SECOND: whole, SECOND: without_first, FIRST: without_second}

    def attempt(updates):
        loss, gained = known["".join(each.institution for each in updates)]
        judgement = replace(NOBODY, metrics={"auc": 0.9}, bounded_loss=loss, **institutions)
        return Attempt(updates, np.zeros(1), judgement, AFTER, gained)

    return best_attempt(attempt, bool, [update(FIRST), update(SECOND)], suspected, 0.01, 0)


def test_a_round_that_each_group_makes_clearly_better_leaves_nobody_in_doubt():
    found = tried((0.12, -0.005), (0.11, -0.005))
    assert (found.left_out, found.doubtful) == ({}, set())


@pytest.mark.parametrize(
    "without", [(0.103, -0.005), (0.12, 0.003)], ids=["the bounded loss hardly rises", "the metric rises"]
)
def test_a_group_without_which_the_round_is_not_clearly_worse_is_doubtful(without):
    found = tried(without, (0.2, -0.02))
    assert (found.left_out, found.doubtful) == ({}, {*FIRST})


def test_a_suspects_group_is_left_out_for_less():
    without = (0.094, 0.002)
    assert tried(without, (0.2, -0.02)).left_out == {}
    assert tried(without, (0.2, -0.02), {"a", "c"}).left_out.keys() == {*FIRST}
    assert tried((0.2, -0.02), without, {"a"}).left_out == {}


def test_whose_own_figures_are_seen_is_never_doubtful():
    own = {"institutions": {"a": {"auc": 0.9}}, "bounded_losses": {"a": 0.1}}
    assert tried((0.103, -0.005), (0.2, -0.02), **own).doubtful == set()
