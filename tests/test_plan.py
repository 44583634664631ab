"""A plan's hash stands for all that decides a run, and seeds come from it without state."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fedcare.plan import Gate, LocalTraining, RoundPolicy, TrainingPlan, derive_seed

PLAN = TrainingPlan(task_name="t", task={"name": "t", "b": 1, "a": [1, 2]})


def test_equal_plans_have_equal_hashes_whatever_the_order_of_their_keys():
    other = TrainingPlan(task={"a": [1, 2], "b": 1, "name": "t"}, task_name="t")
    assert other.hash == PLAN.hash
    assert TrainingPlan.model_validate_json(PLAN.canonical()).hash == PLAN.hash


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 43},
        {"local": LocalTraining(lr=0.002)},
        {"rounds": RoundPolicy(rounds=11)},
        {"rounds": RoundPolicy(grace=30.0)},
        {"gate": Gate(tolerance=0.0)},
        {"task": {"name": "t", "b": 2, "a": [1, 2]}},
    ],
)
def test_any_change_changes_the_hash(change):
    assert PLAN.model_copy(update=change).hash != PLAN.hash


@pytest.mark.parametrize(
    "bad", [{"lr": 0.0}, {"lr": float("nan")}, {"epochs": 0}, {"batch_size": -1}, {"momentum": 1.0}, {"speed": 3}]
)
def test_local_settings_out_of_range_are_refused(bad):
    with pytest.raises(ValidationError):
        LocalTraining(**bad)


def test_a_quorum_above_the_number_that_must_be_there_is_refused():
    with pytest.raises(ValidationError, match="min_per_round"):
        TrainingPlan(task_name="t", task={}, rounds=RoundPolicy(min_per_round=4, min_available=3))


@given(st.integers(0, 2**63 - 1), st.text(max_size=5), st.integers(0, 100))
def test_seeds_are_a_pure_function_within_63_bits(seed, name, number):
    first = derive_seed(seed, name, number)
    assert first == derive_seed(seed, name, number)
    assert 0 <= first < 2**63


def test_neighbouring_purposes_get_unrelated_seeds():
    seeds = {derive_seed(1, round_number, f"i{k}") for round_number in range(100) for k in range(10)}
    assert len(seeds) == 1000
