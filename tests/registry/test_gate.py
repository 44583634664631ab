"""A version answers only where it is better for all and clearly worse for nobody, and the reasons say which."""

import pytest

from fedcare.registry.gate import Figures, decide


def figures(pooled, metric="auc", **institutions):
    return Figures({metric: pooled}, {name: {metric: value} for name, value in institutions.items()})


def test_the_first_version_answers():
    decision = decide(figures(0.8), None, "auc", True, 0.02)
    assert decision.activate and "first version" in decision.reasons[0]


@pytest.mark.parametrize(("new", "old", "activate"), [(0.81, 0.8, True), (0.8, 0.8, False), (0.79, 0.8, False)])
def test_the_pooled_figure_must_rise(new, old, activate):
    assert decide(figures(new), figures(old), "auc", True, 0.02).activate is activate


@pytest.mark.parametrize(("new", "activate"), [(90.0, True), (100.0, False), (110.0, False)])
def test_an_error_must_fall(new, activate):
    assert decide(figures(new, "mae"), figures(100.0, "mae"), "mae", False, 0.02).activate is activate


def test_an_institution_may_lose_no_more_than_the_tolerance():
    old = figures(0.8, A=0.8, B=0.8)
    assert decide(figures(0.85, A=0.9, B=0.785), old, "auc", True, 0.02).activate
    decision = decide(figures(0.85, A=0.9, B=0.77), old, "auc", True, 0.02)
    assert not decision.activate
    assert decision.reasons[1:] == ("at B, auc 0.77 is worse than 0.8 by more than 0.02",)


def test_the_tolerance_of_an_error_is_a_share_of_it():
    old = figures(100.0, "mae", A=1000.0)
    assert decide(figures(90.0, "mae", A=1015.0), old, "mae", False, 0.02).activate
    assert not decide(figures(90.0, "mae", A=1025.0), old, "mae", False, 0.02).activate


def test_an_institution_that_one_of_them_was_not_judged_at_has_no_say():
    assert decide(figures(0.85, A=0.1), figures(0.8, B=0.9), "auc", True, 0.0).activate


def test_a_version_without_the_figure_does_not_answer():
    assert not decide(Figures({}), None, "auc", True, 0.02).activate
    assert decide(figures(0.6), Figures({}), "auc", True, 0.02).activate
