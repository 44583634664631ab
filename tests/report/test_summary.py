from __future__ import annotations

from typing import Any

from fedcare.report import comparison, summary
from fedcare.report.facts import read


def points(run: dict[str, Any]) -> str:
    return "\n".join(comparison.section(read(run)).points)


def test_the_summary_of_a_diagnosis_speaks_of_found_and_cleared_cases(binary_run: dict[str, Any]) -> None:
    text = " ".join(summary.sentences(read(binary_run)))
    assert "Five institutions trained one shared model in 10 rounds on 4,000 rows" in text
    assert "it finds 92.5% of the positive cases" in text
    assert "On 600 test rows" in text
    assert "no part in training" in text


def test_the_summary_of_a_cost_speaks_of_dollars(regression_run: dict[str, Any]) -> None:
    text = " ".join(summary.sentences(read(regression_run)))
    assert "off by $2,523 on average" in text
    assert "explains 86.1% of the variation" in text


def test_figures_from_validation_rows_carry_their_caveat(regression_run: dict[str, Any]) -> None:
    assert "they chose its best round" in " ".join(summary.sentences(read(regression_run)))


def test_a_model_worse_than_the_mean_explains_nothing(regression_run: dict[str, Any]) -> None:
    regression_run["metrics"]["r2"] = -0.1
    assert "explains none of the variation" in " ".join(summary.sentences(read(regression_run)))


def test_a_run_without_any_metric_says_so(minimal_run: dict[str, Any]) -> None:
    minimal_run["metrics"] = {}
    assert "no figure of quality" in " ".join(summary.sentences(read(minimal_run)))


def test_the_first_card_is_the_deciding_metric(binary_run: dict[str, Any], regression_run: dict[str, Any]) -> None:
    binary, regression = (summary.cards(read(run)) for run in (binary_run, regression_run))
    assert (binary[0].name, binary[0].value, binary[0].leading) == ("AUC", "0.966", True)
    assert [card.name for card in binary[1:4]] == ["Accuracy", "Sensitivity", "Specificity"]
    assert [card.value for card in regression[:2]] == ["0.861", "$2,523"]
    assert [card.name for card in regression[2:]] == ["Institutions", "Rounds", "Time"]


def test_each_institution_is_told_what_it_gains_or_loses(binary_run: dict[str, Any]) -> None:
    urban = binary_run["institutions"]["Urban Hospital"]["metrics"]
    urban["auc"], binary_run["compare"]["local"]["Urban Hospital"]["own"]["auc"] = 0.940, 0.955
    rural = binary_run["institutions"]["Rural Clinic"]["metrics"]
    rural["auc"], binary_run["compare"]["local"]["Rural Clinic"]["own"]["auc"] = 0.951, 0.950
    text = points(binary_run)
    assert "Urban Hospital: loses 0.015 (AUC 0.940 instead of 0.955) on its own rows; gains" in text
    assert "Rural Clinic: breaks even (AUC 0.951 instead of 0.950) on its own rows" in text
    assert len(text.splitlines()) == 5


def test_less_error_is_a_gain(regression_run: dict[str, Any]) -> None:
    regression_run["metric"] = "mae"
    regression_run["institutions"]["northeast"]["metrics"]["mae"] = 2500.0
    regression_run["compare"] = {"local": {"northeast": {"own": {"mae": 2800.0}, "pooled": {}}}, "pooled": {}}
    assert points(regression_run) == (
        "northeast: gains $300 (mean absolute error $2,500 instead of $2,800) on its own rows."
    )


def test_a_comparison_of_a_number_also_names_the_average_error(regression_run: dict[str, Any]) -> None:
    regression_run["compare"] = {"local": {"northeast": {"own": {}, "pooled": {"r2": 0.8, "mae": 3000.0}}}}
    assert "average error $2,523 instead of $3,000" in points(regression_run)


def test_the_verdict_counts_who_gains(binary_run: dict[str, Any]) -> None:
    binary_run["compare"]["local"]["Urban Hospital"]["own"]["auc"] = 0.999
    assert comparison.verdict(read(binary_run)) == [
        "Judged by AUC, the shared model beats training alone for 4 of 5 institutions on their own rows "
        "and for all 5 on everybody's rows."
    ]


def test_an_undefined_metric_is_not_compared(binary_run: dict[str, Any]) -> None:
    for figures in binary_run["compare"]["local"]["Rural Clinic"].values():
        del figures["auc"]
    assert "Rural Clinic: no figure to compare." in points(binary_run)
