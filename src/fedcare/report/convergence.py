"""How the model came to be: the deciding metric, the accuracy and the loss after every round."""

from __future__ import annotations

from html import escape

from fedcare.report import words
from fedcare.report.blocks import DataTable, Plot, Section
from fedcare.report.drawing import (
    ACCENT,
    INK,
    PAPER,
    QUIET,
    Trace,
    dash,
    draw,
    institution_colour,
    label,
    round_axis,
    value_axis,
)
from fedcare.report.facts import LOWER_IS_BETTER, Facts

# Beyond this many institutions a legend is longer than its figure: the thin lines are then told apart by hovering.
_LEGEND_LIMIT = 12
_MARKERS_LIMIT = 30


def section(facts: Facts) -> Section:
    """The figures and the speed of learning in words."""
    shown = (facts.metric, "accuracy", "loss") if facts.kind != "regression" else (facts.metric, "loss")
    metrics = list(dict.fromkeys(shown))
    plots = [plot for metric in metrics if (plot := _plot(facts, metric)) is not None]
    sentences = _speed(facts) if plots else ["The run recorded no metrics per round."]
    return Section("convergence", "How the model learned", sentences, plots=plots)


def _speed(facts: Facts) -> list[str]:
    sentences = []
    name = words.mid_sentence(facts.metric)
    best = next((r for r in facts.history if r.number == facts.best_round and facts.metric in r.metrics), None)
    if best is not None:
        value = words.write(facts.metric, best.metrics[facts.metric], facts.unit)
        sentences.append(
            f"Round {best.number} was the best, with {name} {value} on the validation rows; it became the model."
        )
    if (needed := facts.convergence.get("rounds_to_95_percent")) is not None:
        gained = "improvement" if needed > 0 else "result"
        sentences.append(f"95% of the whole {gained} was there after {words.plural(int(needed), 'round')}.")
    if (gain := facts.convergence.get("gain_per_round")) is not None:
        style = words.style(facts.metric, facts.unit, facts.metrics.get(facts.metric, 0.0))
        sentences.append(f"Until the best round {name} changed by {style.change(gain)} a round on average.")
    return [" ".join(sentences)] if sentences else []


def _plot(facts: Facts, metric: str) -> Plot | None:
    pooled = {r.number: r.metrics[metric] for r in facts.curve if metric in r.metrics}
    if not pooled:
        return None
    traces = [*_institutions(facts, metric), *_train_loss(facts, metric), _line(facts, metric, pooled)]
    traces.extend(_best(facts, pooled))
    notes = _best_note(facts, metric, pooled)
    legend = len(facts.institutions) <= _LEGEND_LIMIT
    rounds = round_axis([entry.number for entry in facts.curve])
    drawing = draw(
        traces, 420, xaxis=rounds, yaxis=value_axis(metric, facts.unit), showlegend=legend, annotations=notes
    )
    caption = (
        "Thick line: all institutions' held-back rows together. Thin lines: each institution's own. "
        f"{'Lower' if metric in LOWER_IS_BETTER else 'Higher'} is better."
    )
    if facts.start is not None:
        caption += " Round 0 is the model before any training."
    if facts.best_round in pooled:
        caption += " The ring marks the best round."
    return Plot(
        f"convergence-{metric}", f"{words.metric_name(metric)} by round", caption, drawing, _table(facts, metric)
    )


def _line(facts: Facts, metric: str, pooled: dict[int, float]) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(pooled) <= _MARKERS_LIMIT else "lines",
        "name": "All together",
        "legendrank": 1,
        "x": list(pooled),
        "y": list(pooled.values()),
        "line": {"color": ACCENT, "width": 4},
        "marker": {"size": 7},
        "customdata": [words.write(metric, value, facts.unit) for value in pooled.values()],
        "hovertemplate": "All together, round %{x}: %{customdata}<extra></extra>",
    }


def _institutions(facts: Facts, metric: str) -> list[Trace]:
    traces = []
    many = len(facts.names) > _LEGEND_LIMIT
    for place, name in enumerate(facts.names):
        points = {r.number: r.institutions.get(name, {}).get(metric) for r in facts.curve}
        if all(value is None for value in points.values()):
            continue
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if len(points) <= 2 else "lines",
                "name": label(name),
                "x": list(points),
                "y": list(points.values()),
                "line": {"color": QUIET, "width": 1} if many else _thin(place),
                "marker": {"size": 5},
                "opacity": 0.3 if many else 0.85,
                "customdata": ["" if v is None else words.write(metric, v, facts.unit) for v in points.values()],
                "hovertemplate": "%{fullData.name}: %{customdata}<extra></extra>",
            }
        )
    return traces


def _thin(place: int) -> dict[str, object]:
    return {"color": institution_colour(place), "width": 1.3, "dash": dash(place)}


def _train_loss(facts: Facts, metric: str) -> list[Trace]:
    points = {r.number: r.train_loss for r in facts.curve if r.train_loss is not None}
    if metric != "loss" or not points:
        return []
    line = {"color": QUIET, "width": 2, "dash": "dot"}
    return [
        {
            "type": "scatter",
            "mode": "lines+markers" if len(points) <= 2 else "lines",
            "name": "In training",
            "x": list(points),
            "y": list(points.values()),
            "line": line,
            "customdata": [words.write("loss", value) for value in points.values()],
            "hovertemplate": "In training, round %{x}: %{customdata}<extra></extra>",
        }
    ]


def _best(facts: Facts, pooled: dict[int, float]) -> list[Trace]:
    if facts.best_round not in pooled:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [facts.best_round],
            "y": [pooled[facts.best_round]],
            "marker": {"size": 15, "color": PAPER, "line": {"color": ACCENT, "width": 3.5}},
            "cliponaxis": False,
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]


def _best_note(facts: Facts, metric: str, pooled: dict[int, float]) -> list[Trace]:
    """The best round's value in a box on the side where a learning curve leaves room."""
    if facts.best_round not in pooled:
        return []
    value = pooled[facts.best_round]
    return [
        {
            "x": facts.best_round,
            "y": value,
            "text": f"best round: {escape(words.write(metric, value, facts.unit), quote=False)}",
            "ax": 0,
            "ay": -52 if metric in LOWER_IS_BETTER else 52,
            "arrowcolor": QUIET,
            "arrowwidth": 1,
            "arrowhead": 0,
            "standoff": 9,
            "bgcolor": PAPER,
            "borderpad": 3,
            "font": {"size": 13, "color": INK},
        }
    ]


def _table(facts: Facts, metric: str) -> DataTable:
    training = ("In training",) if metric == "loss" else ()
    rows = []
    for entry in facts.curve:
        values = [entry.metrics.get(metric), *((entry.train_loss,) if training else ())]
        values += [entry.institutions.get(name, {}).get(metric) for name in facts.names]
        cells = ["-" if value is None else words.write(metric, value, facts.unit) for value in values]
        rows.append((str(entry.number), *cells))
    return DataTable(("Round", "All together", *training, *facts.names), rows)
