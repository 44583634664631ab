"""Answers are kept for one run, few of them, and not too many bytes."""

import numpy as np

from fedcare.aggregation.exchange import Answer
from fedcare.federation.node.kept_answers import KeptAnswers


def answer(size=1):
    return Answer("A", vector=np.zeros(size, np.float32), examples=1)


def test_only_the_run_that_is_going_on_is_remembered():
    kept, first = KeptAnswers(), answer()
    kept.keep("run", "question", first)
    assert kept.find("run", "question") is first
    assert kept.find("other", "question") is None
    kept.keep("other", "another", answer())
    assert kept.find("run", "question") is None


def test_the_oldest_go_when_there_are_too_many_or_they_are_too_large():
    kept = KeptAnswers(most=2, most_bytes=100)
    for name in "abc":
        kept.keep("run", name, answer())
    assert [kept.find("run", name) is not None for name in "abc"] == [False, True, True]
    kept.keep("run", "large", answer(24))
    assert kept.find("run", "b") is None and kept.find("run", "large") is not None
    kept.keep("run", "too large", answer(26))
    assert kept.find("run", "too large") is None and kept.find("run", "large") is not None


def test_a_failure_is_not_kept():
    kept = KeptAnswers()
    kept.keep("run", "question", Answer("A", error="local failure"))
    assert kept.find("run", "question") is None
