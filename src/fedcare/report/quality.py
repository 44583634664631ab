"""How the predictions are right and wrong: ROC curve, or predicted versus actual."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from fedcare.report import words
from fedcare.report.blocks import DataTable, Plot, Section
from fedcare.report.drawing import ACCENT, INK, PAPER, QUIET, Trace, axis, colour, dash, draw, label
from fedcare.report.facts import Facts, number


def section(facts: Facts) -> Section:
    """The curve that the run recorded, or a sentence where it has none."""
    plots = [*_roc(facts), *_density(facts)]
    sentences = [] if plots else ["This run recorded no curve: its rows may hold a single class."]
    return Section("quality", "How the predictions are right and wrong", sentences, plots=plots)


def _roc(facts: Facts) -> list[Plot]:
    curves = _roc_curves(facts)
    if not curves:
        return []
    traces = [_chance(), *(_curve(name, curve, place, facts) for place, (name, curve) in enumerate(curves.items()))]
    traces.extend(_operating_point(facts))
    auc = facts.metrics.get("auc")
    name = "ROC curve" if len(curves) == 1 else "ROC curve of each class against the others"
    title = name if auc is None else f"{name}: AUC {words.write('auc', auc)}"
    caption = (
        "Each point of the line is a possible threshold: up is more positive cases found, right is more false alarms. "
        "The further the line reaches into the upper left corner, the better; the dotted diagonal is a coin."
    )
    if facts.threshold is not None and len(curves) == 1:
        caption += f" The dot is the threshold in use, a probability of {facts.threshold:.3f}."
    drawing = draw(
        traces,
        460,
        xaxis=_share_axis("False alarms (1 \u2212 specificity)"),
        yaxis=_share_axis("Positive cases found (sensitivity)"),
        showlegend=len(curves) > 1,
    )
    return [Plot("roc", title, caption, drawing, _roc_table(curves), shape="square")]


def _roc_curves(facts: Facts) -> dict[str, list[tuple[float, float]]]:
    """Points by class: one unnamed curve for two classes, one for each class against the rest for more."""
    curves = {"": facts.curves.get("roc")}
    labels = next((i.labels for i in facts.institutions if i.labels), ())
    for place, curve in enumerate(facts.curves.get("roc_by_class") or ()):
        curves[labels[place] if place < len(labels) else f"class {place}"] = curve
    points = {name: _points(curve) for name, curve in curves.items()}
    return {name: found for name, found in points.items() if found}


def _points(curve: object) -> list[tuple[float, float]]:
    """A curve's (false, true) positive rates; none where an absent class leaves it undefined."""
    if not isinstance(curve, Mapping):
        return []
    pairs = [(number(x), number(y)) for x, y in zip(curve.get("fpr") or (), curve.get("tpr") or (), strict=False)]
    return [(x, y) for x, y in pairs if x is not None and y is not None]


def _share_axis(title: str) -> dict[str, Any]:
    return axis(title, range=[-0.02, 1.02], tickformat=".0%", dtick=0.2)


def _chance() -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [0, 1],
        "y": [0, 1],
        "line": {"color": QUIET, "width": 1.5, "dash": "dot"},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _curve(name: str, points: list[tuple[float, float]], place: int, facts: Facts) -> Trace:
    alone = not name
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label(name or facts.title),
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "line": {"color": ACCENT if alone else colour(place), "width": 3, "dash": "solid" if alone else dash(place)},
        "hovertemplate": "false alarms %{x:.1%}, found %{y:.1%}<extra></extra>",
    }


def _operating_point(facts: Facts) -> list[Trace]:
    sensitivity, specificity = facts.metrics.get("sensitivity"), facts.metrics.get("specificity")
    if facts.threshold is None or sensitivity is None or specificity is None:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [1 - specificity],
            "y": [sensitivity],
            "text": [f"  threshold {facts.threshold:.3f}"],
            "textposition": "bottom right",
            "textfont": {"size": 13, "color": INK},
            "marker": {"size": 13, "color": PAPER, "line": {"color": ACCENT, "width": 3.5}},
            "hovertemplate": "false alarms %{x:.1%}, found %{y:.1%}<extra></extra>",
            "showlegend": False,
        }
    ]


def _roc_table(curves: dict[str, list[tuple[float, float]]]) -> DataTable:
    """About twenty points of each curve: enough to redraw it, short enough to read."""
    rows = []
    for name, points in curves.items():
        step = max(1, len(points) // 20)
        kept = points[::step] if points[-1] in points[::step] else [*points[::step], points[-1]]
        rows += [(name or "ROC", f"{x * 100:.1f}%", f"{y * 100:.1f}%") for x, y in kept]
    return DataTable(("Curve", "False alarms", "Positive cases found"), rows)


def _density(facts: Facts) -> list[Plot]:
    grid = facts.curves.get("predicted_vs_actual")
    if not isinstance(grid, Mapping) or not grid.get("counts"):
        return []
    actual, predicted, counts = list(grid["actual"]), list(grid["predicted"]), grid["counts"]
    unit = "$" if words.is_dollars(facts.unit) else facts.unit
    heat: Trace = {
        "type": "heatmap",
        "x": actual,
        "y": predicted,
        # The run counts rows by (actual, predicted); a heatmap wants a row of cells for each place of its y axis.
        "z": [[counts[i][j] or None for i in range(len(actual))] for j in range(len(predicted))],
        "colorscale": [[0, "var(--faint)"], [1, "var(--accent)"]],
        "xgap": 1,
        "ygap": 1,
        "colorbar": {"title": {"text": "rows", "font": {"size": 12}}, "thickness": 10, "outlinewidth": 0, "len": 0.6},
        "hovertemplate": "actual %{x:,.4~g}, predicted %{y:,.4~g}: %{z} rows<extra></extra>",
    }
    ends = [max(actual[0], predicted[0]), min(actual[-1], predicted[-1])]
    ticks = {"tickprefix": "$", "tickformat": ",~f"} if unit == "$" else {"tickformat": ",~f"}
    titles = [f"{side}{f' ({escape(unit, quote=False)})' if unit else ''}" for side in ("Actual", "Predicted")]
    drawing = draw(
        [heat, {**_chance(), "x": ends, "y": ends, "line": {"color": INK, "width": 1.5, "dash": "dot"}}],
        480,
        xaxis=axis(titles[0], showgrid=False, **ticks),
        yaxis=axis(titles[1], showgrid=False, **ticks),
    )
    caption = (
        "Each square holds rows of about the same actual and predicted value; the stronger its colour, the more rows. "
        "A perfect model puts every row on the dotted diagonal; above it predictions are too high, below it too low."
    )
    return [
        Plot("density", "Predicted and actual value", caption, drawing, _density_table(facts, grid), shape="square")
    ]


def _density_table(facts: Facts, grid: Mapping[str, Any]) -> DataTable:
    """A line for each actual value: how many rows it has and what the model says of them on average."""
    predicted = grid["predicted"]
    style = words.unit_style(facts.unit, max(map(abs, grid["actual"]), default=0.0))
    lines = []
    for value, counts in zip(grid["actual"], grid["counts"], strict=True):
        if rows := sum(counts):
            mean = sum(count * center for count, center in zip(counts, predicted, strict=True)) / rows
            lines.append((style.write(value), f"{rows:,}", style.write(mean)))
    return DataTable(("Actual (middle of the square)", "Rows", "Mean prediction"), lines)
