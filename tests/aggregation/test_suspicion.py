"""Whoever was in every masked group that did harm is found; whom chance accused comes back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedcare.aggregation.exchange import RoundRecord
from fedcare.aggregation.suspicion import HARMED, SITS_OUT, dealt, suspicion
from fedcare.aggregation.validation import GROUP_MEAN


def record(number, took_part="", harmful="", why=HARMED, **others):
    return RoundRecord(number, {}, {}, None, dict.fromkeys(took_part, 0), dict.fromkeys(harmful, why) | others)


def test_a_group_that_did_harm_is_suspected_and_nobody_sits_out_for_it():
    found = suspicion([record(1, "de", "abc")])
    assert found.suspects == {"a", "b", "c"}
    assert found.away == ()


@pytest.mark.parametrize("why", [HARMED, f"{GROUP_MEAN}: its update moved 99 where the plan's bound is 60"])
def test_whoever_was_in_both_groups_that_did_harm_sits_out_as_many_rounds(why):
    history = [record(1, "de", "abc", why), record(2, "bce", "ad", why)]
    assert suspicion(history) == suspicion(history)
    for number in (3, 4):
        assert suspicion(history).away == ("a",)
        history.append(record(number, "bcde", a=SITS_OUT))
    assert suspicion(history).away == ()
    assert suspicion(history).suspects == {"a"}


def test_harm_done_on_return_sends_away_at_once_and_for_longer():
    history = [
        record(1, "de", "abc"),
        record(2, "bce", "ad"),
        record(3, "bcde"),
        record(4, "bcde"),
        record(5, "bd", "ace"),
    ]
    for number in (6, 7, 8):
        assert suspicion(history).away == ("a",)
        history.append(record(number, "bcde"))
    assert suspicion(history).away == ()


def test_a_round_that_stands_clears_whoever_took_part_and_nobody_else():
    assert suspicion([record(1, "de", "abc"), record(2, "abcde")]).suspects == frozenset()
    assert suspicion([record(1, "de", "abc"), record(2, "abde", c="no answer came in time")]).suspects == {"c"}


def test_whoever_is_doubtful_is_not_cleared_by_a_round_that_stands():
    doubted = replace(record(2, "abcde"), doubtful=["a", "e"])
    assert suspicion([record(1, "de", "abc"), doubted]).suspects == {"a"}


def test_a_round_that_was_rolled_back_clears_nobody():
    back = replace(record(2, "abcde"), rolled_back="its auc is worse")
    assert suspicion([record(1, "de", "abc"), back]).suspects == {"a", "b", "c"}


def test_other_groups_that_do_harm_while_one_sits_out_are_suspected_beside_it():
    history = [record(1, "de", "abc"), record(2, "bce", "ad"), record(3, "bc", "de")]
    found = suspicion(history)
    assert found.suspects == {"a", "d", "e"}
    assert found.away == ("a",)


def test_a_round_nobody_accepts_says_nothing():
    assert suspicion([record(1, "de", "abc"), record(2)]).suspects == {"a", "b", "c"}


@given(st.sets(st.sampled_from("abcde")), st.integers(0, 2**63))
def test_suspects_fall_into_different_groups(suspects, seed):
    order = dealt("abcde", suspects, seed)
    assert sorted(order) == list("abcde")
    numbers = [len(suspects.intersection(order[place::2])) for place in range(2)]
    assert max(numbers) - min(numbers) <= 1


@given(st.integers(0, 2**63), st.sampled_from("abcde"))
def test_one_attacker_of_five_in_two_groups_is_found_within_three_rounds(seed, attacker):
    history = []
    while not (found := suspicion(history)).away:
        order = dealt("abcde", found.suspects, seed + len(history))
        groups = [order[place::2] for place in range(2)]
        bad, good = sorted(groups, key=lambda group: attacker not in group)
        history.append(record(len(history) + 1, good, bad))
    assert found.away == (attacker,)
    assert len(history) <= 3
