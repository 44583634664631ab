"""No bad answer reaches the global weights, and each one is named with its reason."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedcare.aggregation.exchange import Answer
from fedcare.aggregation.validation import usable_sums, usable_updates

CURRENT = np.zeros(8, dtype=np.float32)


def moved(name: str, by: float = 1.0, examples: int = 10) -> Answer:
    return Answer(name, vector=CURRENT + np.float32(by), examples=examples, loss=0.5)


def check(*answers: Answer, announced: int = 100) -> tuple[list[str], dict[str, str]]:
    updates, dropped = usable_updates(answers, CURRENT, {a.institution: announced for a in answers}, 10.0)
    return [update.institution for update in updates], dropped


def test_good_updates_come_out_sorted_by_institution():
    assert check(moved("b"), moved("a")) == (["a", "b"], {})


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Answer("x", error="the disk is on fire"), "the disk is on fire"),
        (Answer("x", examples=3), "no weights"),
        (Answer("x", vector=np.zeros(7, dtype=np.float32), examples=3), "shape"),
        (moved("x", by=np.nan), "NaN"),
        (moved("x", by=np.inf), "infinity"),
        (moved("x", examples=0), "0 training rows"),
        (moved("x", examples=-4), "-4 training rows"),
        (moved("x", examples=101), "100 were announced"),
        (moved("x", examples=10**12), "training rows"),
    ],
)
def test_a_bad_update_is_dropped_and_named(bad: Answer, reason: str):
    kept, dropped = check(moved("a"), bad, moved("b"))
    assert kept == ["a", "b"]
    assert list(dropped) == ["x"]
    assert reason in dropped["x"]


def test_an_update_far_beyond_the_others_is_dropped():
    kept, dropped = check(moved("a"), moved("b", 1.2), moved("c", 0.8), moved("x", 100.0))
    assert kept == ["a", "b", "c"]
    assert "median" in dropped["x"]


def test_of_two_updates_none_can_be_called_the_outlier():
    assert check(moved("a"), moved("b", 1000.0))[0] == ["a", "b"]


@given(st.lists(st.floats(0.5, 2.0), min_size=3, max_size=9))
def test_ordinary_differences_between_institutions_never_drop_anybody(sizes: list[float]):
    kept, dropped = check(*(moved(f"i{place}", size) for place, size in enumerate(sizes)))
    assert len(kept) == len(sizes)
    assert not dropped


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Answer("x"), "no sums"),
        (Answer("x", sums=np.zeros(4)), "shape"),
        (Answer("x", sums=np.array([1.0, np.nan, 0.0])), "NaN"),
        (Answer("x", error="gone"), "gone"),
    ],
)
def test_bad_sums_are_dropped_and_named(bad: Answer, reason: str):
    kept, dropped = usable_sums([Answer("a", sums=np.ones(3)), bad], 3)
    assert list(kept) == ["a"]
    assert reason in dropped["x"]
