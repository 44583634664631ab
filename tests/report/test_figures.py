from __future__ import annotations

from typing import Any

from fedcare.report import convergence, distribution, institutions, participation, quality
from fedcare.report.blocks import Plot, Section
from fedcare.report.facts import read


def plots(section: Section) -> dict[str, Plot]:
    return {plot.name: plot for plot in section.plots}


def test_the_pooled_line_is_thick_the_institutions_are_thin_and_the_best_round_is_marked(
    binary_run: dict[str, Any],
) -> None:
    plot = plots(convergence.section(read(binary_run)))["convergence-auc"]
    widths = {trace.get("name"): trace.get("line", {}).get("width") for trace in plot.drawing["data"]}
    assert widths["All together"] == 4
    assert all(widths[name] < 2 for name in binary_run["institutions"])
    ring = plot.drawing["data"][-1]
    assert list(ring["x"]) == [9]
    assert "best round: 0.958" in plot.drawing["layout"]["annotations"][0]["text"]


def test_the_loss_figure_shows_the_loss_in_training_too(binary_run: dict[str, Any]) -> None:
    plot = plots(convergence.section(read(binary_run)))["convergence-loss"]
    assert "In training" in [trace.get("name") for trace in plot.drawing["data"]]
    assert plot.data.columns[:3] == ("Round", "All together", "In training")
    assert len(plot.data.rows) == 10


def test_the_speed_of_learning_is_told(binary_run: dict[str, Any]) -> None:
    text = " ".join(convergence.section(read(binary_run)).sentences)
    assert "Round 9 was the best" in text
    assert "95% of the whole improvement was there after 6 rounds" in text
    assert "+0.044 a round" in text


def test_institutions_whose_short_labels_agree_keep_their_own_bars(binary_run: dict[str, Any]) -> None:
    names = [f"The Very Long Name Of A Regional Hospital number {n}" for n in range(5)]
    binary_run["institutions"] = dict(zip(names, binary_run["institutions"].values(), strict=True))
    plot = plots(institutions.section(read(binary_run)))["institutions-auc"]
    assert list(plot.drawing["data"][0]["y"]) == [0, 1, 2, 3, 4]
    assert [row[0] for row in plot.data.rows] == [*names, "All together"]


def test_the_operating_point_lies_where_the_threshold_puts_it(binary_run: dict[str, Any]) -> None:
    plot = plots(quality.section(read(binary_run)))["roc"]
    point = plot.drawing["data"][-1]
    metrics = binary_run["metrics"]
    assert (point["x"][0], point["y"][0]) == (1 - metrics["specificity"], metrics["sensitivity"])
    assert "threshold 0.412" in point["text"][0]
    assert plot.title == "ROC curve: AUC 0.966"


def test_each_class_has_its_own_curve_where_it_is_defined(multiclass_run: dict[str, Any]) -> None:
    plot = plots(quality.section(read(multiclass_run)))["roc"]
    names = [trace["name"] for trace in plot.drawing["data"] if trace.get("showlegend") is not False]
    assert names == ["muscle", "gland"]


def test_actual_values_run_to_the_right_and_predicted_ones_upward(regression_run: dict[str, Any]) -> None:
    grid = regression_run["curves"]["predicted_vs_actual"]
    grid["counts"] = [[0] * 40 for _ in range(40)]
    grid["counts"][30][2] = 7
    plot = plots(quality.section(read(regression_run)))["density"]
    heat, diagonal = plot.drawing["data"]
    assert heat["z"][2][30] == 7
    assert list(diagonal["x"]) == list(diagonal["y"])
    assert plot.drawing["layout"]["xaxis"]["title"]["text"] == "Actual ($)"
    assert plot.data.rows == [("$49,000", "7", "$4,200")]


def test_classes_are_stacked_and_values_are_lines(binary_run: dict[str, Any], regression_run: dict[str, Any]) -> None:
    classes = plots(distribution.section(read(binary_run)))["distribution"].drawing
    values = plots(distribution.section(read(regression_run)))["distribution"].drawing
    assert classes["layout"]["barmode"] == "stack"
    assert [trace["name"] for trace in classes["data"]] == ["normal", "cancer"]
    assert sum(values["data"][0]["y"]) == 1


def test_many_institutions_get_bars_and_a_map(multiclass_run: dict[str, Any]) -> None:
    facts = read(multiclass_run)
    assert plots(distribution.section(facts))["weights"].drawing["data"][0]["type"] == "bar"
    multiclass_run["kind"] = "regression"
    assert plots(distribution.section(read(multiclass_run)))["distribution"].drawing["data"][0]["type"] == "heatmap"


def test_rows_that_were_left_out_are_counted(binary_run: dict[str, Any]) -> None:
    binary_run["left_out_rows"] = 3
    assert distribution.section(read(binary_run)).sentences == [
        "3 rows did not fit the task's schema and took no part."
    ]


def test_the_matrix_tells_dropped_from_not_sampled(binary_run: dict[str, Any]) -> None:
    plot = plots(participation.section(read(binary_run)))["participation"]
    states = plot.drawing["data"][0]["customdata"]
    assert (states[1][2], states[2][5], states[0][0]) == ("dropped", "not sampled", "took part")
    assert plot.data.rows[2][2] == "dropped: its update holds NaN in layer1.0.conv1.weight"


def test_a_long_list_of_sentences_is_folded_and_a_short_one_stands_open() -> None:
    assert "<details>" in Section("s", "t", points=["one"] * 13).html()
    assert "<details>" not in Section("s", "t", points=["one"] * 12).html()


def test_a_drop_keeps_its_sign_when_there_are_too_many_rounds_for_all(regression_run: dict[str, Any]) -> None:
    regression_run["history"][4]["dropped"] = {"northeast": "too far away"}
    plot = plots(participation.section(read(regression_run)))["participation"]
    assert plot.drawing["data"][0]["text"][0][3:6] == ["", "\u00d7", ""]
