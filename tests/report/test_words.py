from __future__ import annotations

import pytest

from fedcare.report import words

MINUS = "\u2212"


@pytest.mark.parametrize(
    ("metric", "value", "unit", "text"),
    [
        ("accuracy", 0.934, "", "93.4%"),
        ("auc", 0.9684, "", "0.968"),
        ("r2", -0.25, "", f"{MINUS}0.250"),
        ("mae", 1234.4, "$", "$1,234"),
        ("mae", 12.5, "dollars", "$12.50"),
        ("mae", 43.21, "mg/dl", "43.2 mg/dl"),
        ("mse", 20294000.0, "$", "20,294,000 $²"),
        ("mae", 0.5, "", "0.500"),
    ],
)
def test_a_metric_is_written_with_its_unit(metric: str, value: float, unit: str, text: str) -> None:
    assert words.write(metric, value, unit) == text


@pytest.mark.parametrize(
    ("metric", "difference", "text"),
    [("accuracy", 0.021, "+2.1 points"), ("auc", -0.0104, f"{MINUS}0.010"), ("auc", 0.0001, "±0.000")],
)
def test_a_difference_has_its_sign_and_percentages_differ_in_points(metric: str, difference: float, text: str) -> None:
    assert words.style(metric).change(difference) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.64, "640 ms"), (8.42, "8.4 s"), (185.2, "3 min 05 s"), (7620, "2 h 07 min")]
)
def test_a_duration_is_written_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert words.seconds(seconds) == text


@pytest.mark.parametrize(("size", "text"), [(512, "512 B"), (44_900_000, "44.9 MB"), (2.2e12, "2.2 TB")])
def test_an_amount_of_data_is_written_in_the_unit_that_fits(size: float, text: str) -> None:
    assert words.data_size(size) == text


def test_a_list_reads_as_a_sentence() -> None:
    assert words.listed([]) == ""
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"


def test_counts_are_words_when_small() -> None:
    assert (words.count_word(5), words.count_word(1200)) == ("five", "1,200")
    assert (words.plural(1, "round"), words.plural(2, "round")) == ("1 round", "2 rounds")


def test_a_long_label_is_cut_and_a_short_one_is_not() -> None:
    assert words.shorten("General Hospital") == "General Hospital"
    assert words.shorten("x" * 50, 10) == "x" * 9 + "…"
