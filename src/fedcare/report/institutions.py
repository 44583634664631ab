"""The model's final metrics at each institution, one figure a metric."""

from __future__ import annotations

from typing import Any

from fedcare.report import words
from fedcare.report.blocks import DataTable, Plot, Section
from fedcare.report.drawing import INK, Trace, bars, draw, named_axis, rows_height, value_axis
from fedcare.report.facts import Facts

_SHOWN = {
    "binary": ("auc", "accuracy", "sensitivity", "specificity"),
    "multiclass": ("accuracy", "auc"),
    "regression": ("r2", "mae"),
}


def section(facts: Facts) -> Section:
    """Bars per institution for the deciding metric and the kind's usual ones, and a table of every metric."""
    metrics = [facts.metric, *(m for m in _SHOWN.get(facts.kind, ()) if m != facts.metric)]
    plots = [plot for metric in metrics if (plot := _plot(facts, metric)) is not None]
    return Section(
        "institutions",
        "How good it is at each institution",
        [f"The shared model after its best round, on each institution's own {facts.judged_on} rows."],
        plots=plots,
        tables=[_table(facts)],
    )


def _plot(facts: Facts, metric: str) -> Plot | None:
    known = {i.name: i.metrics[metric] for i in facts.institutions if metric in i.metrics}
    if not known:
        return None
    pooled = facts.metrics.get(metric)
    written = {name: words.write(metric, value, facts.unit) for name, value in known.items()}
    caption = f"{words.metric_name(metric)}: {words.MEANINGS.get(metric, 'a metric')}."
    caption += "" if pooled is None else " The dotted line is the figure over all rows together."
    rows = list(written.items())
    rows += [] if pooled is None else [("All together", words.write(metric, pooled, facts.unit))]
    return Plot(
        f"institutions-{metric}",
        words.metric_name(metric),
        caption,
        _bars(facts, metric, known, list(written.values()), pooled),
        DataTable(("Institution", words.metric_name(metric)), rows),
    )


def _bars(
    facts: Facts, metric: str, known: dict[str, float], written: list[str], pooled: float | None
) -> dict[str, object]:
    lines = [] if pooled is None else [_pooled_line(pooled)]
    bounded = metric not in ("mae", "mse", "loss") and min(known.values()) >= 0
    limits: dict[str, Any] = {"range": [0, 1.02], "dtick": 0.25} if bounded else {}
    values = value_axis(metric, facts.unit, **limits)
    height = rows_height(len(known), 34)
    return draw(
        [bars(list(known.values()), written)],
        height,
        xaxis=values,
        yaxis=named_axis(list(known)),
        shapes=lines,
        bargap=0.35,
    )


def _pooled_line(value: float) -> Trace:
    line = {"color": INK, "width": 1.5, "dash": "dot"}
    return {"type": "line", "x0": value, "x1": value, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _table(facts: Facts) -> DataTable:
    metrics = [m for m in words.NAMES if m in facts.metrics or any(m in i.metrics for i in facts.institutions)]
    rows = [
        (i.name, f"{i.examples:,}", f"{i.judged:,}", *(_cell(m, i.metrics.get(m), facts.unit) for m in metrics))
        for i in facts.institutions
    ]
    examples, judged = (sum(i.examples for i in facts.institutions), sum(i.judged for i in facts.institutions))
    together = (_cell(m, facts.metrics.get(m), facts.unit) for m in metrics)
    rows.append(("All together", f"{examples:,}", f"{judged:,}", *together))
    heads = ("Institution", "Training rows", f"{facts.judged_on.capitalize()} rows", *map(words.metric_name, metrics))
    return DataTable(heads, rows)


def _cell(metric: str, value: float | None, unit: str) -> str:
    return "undefined" if value is None else words.write(metric, value, unit)
