"""The median institution decides whether a round stands; a minority that lies does not."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedcare.aggregation.acceptance import MOST_BOUNDED_LOSS, MOST_LOSS, gain, refusal, speaks_for, weighs_on
from fedcare.aggregation.judging import NOBODY


@dataclass(frozen=True)
class Figures:
    metrics: dict[str, float] = field(default_factory=dict)
    institutions: dict[str, dict[str, float]] = field(default_factory=dict)


def figures(*aucs: float, pooled: float = 0.5) -> Figures:
    return Figures({"auc": pooled}, {f"i{place}": {"auc": value} for place, value in enumerate(aucs)})


def test_the_median_institutions_gain_counts():
    old, new = figures(0.8, 0.8, 0.8), figures(0.9, 0.7, 0.82)
    assert gain(old, new, "auc", higher=True) == pytest.approx(0.02)


def test_errors_are_compared_by_their_share_as_they_have_no_scale_of_their_own():
    old, new = (Figures({}, {"a": {"mse": value}}) for value in (2e7, 2.2e7))
    gained = gain(old, new, "mse", higher=False)
    assert gained == pytest.approx(-0.1)
    assert refusal(gained, "mse", 0.15) is None
    assert "worse by 0.1" in refusal(gained, "mse", 0.05)


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=2), st.booleans())
def test_two_liars_of_five_neither_pass_a_harmful_round_nor_stop_a_good_one(lies, harmful):
    honest = 0.6 if harmful else 0.91
    new = figures(honest, honest, honest, *lies, pooled=lies[0])
    gained = gain(figures(*[0.9] * 5), new, "auc", higher=True)
    assert (refusal(gained, "auc", 0.02) is not None) == harmful


def test_institutions_to_which_the_weights_are_no_numbers_count_as_fallen():
    old, liar = figures(*[0.9] * 5), Figures({"auc": 1.0}, {"i4": {"auc": 1.0}})
    gained = gain(old, liar, "auc", higher=True, unable=["i0", "i1", "i2", "i3"])
    assert gained == -np.inf
    assert refusal(gained, "auc", 0.5) == "most institutions could not evaluate its weights"


def test_who_did_not_judge_both_rounds_does_not_count():
    old, new = figures(0.9, 0.9), Figures({}, {"i0": {"auc": 0.9}, "new": {"auc": 0.1}})
    assert gain(old, new, "auc", higher=True) == 0.0


def test_under_masks_the_pooled_figure_counts():
    assert gain(Figures({"auc": 0.9}), Figures({"auc": 0.7}), "auc", higher=True) == pytest.approx(-0.2)
    assert gain(Figures({}), Figures({"auc": 0.7}), "auc", higher=True) is None


def test_a_round_stands_up_to_the_tolerance_itself():
    assert refusal(-0.02, "auc", 0.02) is None
    assert refusal(None, "auc", 0.02) is None
    assert "auc is worse by 0.03" in refusal(-0.03, "auc", 0.02)


def numbers(*losses):
    return replace(NOBODY, institutions={f"i{place}": {"loss": loss} for place, loss in enumerate(losses)})


def classes(bounded, *own, loss=0.5):
    names = {f"i{place}": value for place, value in enumerate(own)}
    figures = {name: {"loss": loss} for name in names}
    return replace(NOBODY, metrics={"loss": loss}, institutions=figures, bounded_loss=bounded, bounded_losses=names)


def test_whoever_makes_up_more_of_the_median_institutions_loss_than_an_honest_update_weighs_on_it():
    whole = numbers(0.4, 0.4, 0.4, 0.4, 0.1)
    assert weighs_on(whole, numbers(0.2, 0.2, 0.2, 0.9, 0.9)) == pytest.approx(0.5 - MOST_LOSS)
    assert weighs_on(whole, numbers(0.36, 0.36, 0.36, 0.36, 0.0)) == 0.0
    assert weighs_on(whole, NOBODY) == 0.0


def test_of_classes_the_bounded_loss_tells_too_however_sure_some_rows_make_the_other():
    whole = classes(0.4, 0.4, 0.4, 0.4, 0.4, 0.1, loss=0.5)
    assert weighs_on(whole, classes(0.9, 0.3, 0.3, 0.3, 0.9, 0.9, loss=5.0)) == pytest.approx(0.25 - MOST_BOUNDED_LOSS)
    assert weighs_on(whole, classes(0.1, 0.4, 0.4, 0.4, 0.4, 0.0, loss=0.3)) == pytest.approx(0.4 - MOST_LOSS)
    assert weighs_on(whole, classes(0.1, 0.38, 0.38, 0.38, 0.38, 0.0, loss=0.4)) == 0.0
    assert weighs_on(whole, NOBODY) == 0.0


def test_of_a_few_rows_that_are_left_no_share_says_anything():
    whole, rest = classes(0.02, 0.02, 0.02, 0.02), classes(0.01, 0.01, 0.01, 0.01)
    assert weighs_on(whole, rest) == 0.0
    assert weighs_on(classes(0.06, 0.06, 0.06, 0.06), rest) == pytest.approx(0.5 - MOST_BOUNDED_LOSS)


def test_where_only_sums_are_known_it_is_the_bounded_loss_of_all_rows():
    whole, rest = classes(0.4, loss=0.7), classes(0.3, loss=1.3)
    assert weighs_on(whole, rest) == pytest.approx(0.25 - MOST_BOUNDED_LOSS)
    assert weighs_on(rest, whole) == 0.0
    assert weighs_on(whole, NOBODY) == 0.0


def test_sums_of_numbers_say_nothing_of_who_weighs_on_them():
    whole, rest = (replace(NOBODY, metrics={"loss": loss}) for loss in (4.0, 1.0))
    assert weighs_on(whole, rest) == 0.0


def test_weights_that_are_clearly_worse_without_an_update_speak_for_it():
    whole = classes(0.4)
    assert speaks_for(whole, classes(0.44))
    assert not speaks_for(whole, classes(0.41))
    assert not speaks_for(whole, classes(0.3))
    assert speaks_for(replace(NOBODY, metrics={"loss": 4.0}), replace(NOBODY, metrics={"loss": 4.0}))
