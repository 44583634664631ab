"""What each institution brought: the targets of its rows and its weight in the shared model."""

from __future__ import annotations

from html import escape

from fedcare.report import words
from fedcare.report.blocks import DataTable, Plot, Section
from fedcare.report.drawing import (
    PAPER,
    Trace,
    axis,
    bars,
    colour,
    dash,
    draw,
    institution_colour,
    label,
    named_axis,
    rows_height,
)
from fedcare.report.facts import Facts, InstitutionFacts, number

# More slices than colours cannot be told apart: bars then take the donut's place, and a map that of the lines.
_SLICES = 6


def section(facts: Facts) -> Section:
    """The distribution of the target and the contribution weights."""
    plots = [*_distribution(facts), *_weights(facts)]
    left_out = int(number(facts.raw.get("left_out_rows")) or 0)
    sentences = [f"{words.plural(left_out, 'row')} did not fit the task's schema and took no part."] if left_out else []
    return Section("data", "What each institution brought", sentences, plots=plots)


def _distribution(facts: Facts) -> list[Plot]:
    known = [i for i in facts.institutions if i.counts and len(i.counts) == len(i.labels)]
    if not known:
        return []
    labels = list(dict.fromkeys(text for i in known for text in i.labels))
    counts = {i.name: dict(zip(i.labels, i.counts, strict=True)) for i in known}
    rows = [(name, *(f"{values.get(text, 0):,}" for text in labels)) for name, values in counts.items()]
    table = DataTable(("Institution", *labels), rows)
    if facts.kind == "regression":
        return [_histogram(facts, known, labels, counts, table)]
    traces = [_class_bars(place, text, counts) for place, text in enumerate(labels)]
    drawing = draw(
        traces,
        rows_height(len(known)) + 40,
        barmode="stack",
        xaxis=axis("Rows"),
        yaxis=named_axis(list(counts)),
        bargap=0.35,
        showlegend=True,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "traceorder": "normal"},
    )
    caption = "Length: how many rows an institution has. Colours: how many of them belong to each class."
    return [Plot("distribution", "Rows by class", caption, drawing, table)]


def _class_bars(place: int, text: str, counts: dict[str, dict[str, int]]) -> Trace:
    totals = [sum(values.values()) for values in counts.values()]
    sizes = [values.get(text, 0) for values in counts.values()]
    return {
        "type": "bar",
        "orientation": "h",
        "name": label(text),
        "x": sizes,
        "y": list(range(len(counts))),
        "marker": {"color": colour(place), "line": {"color": PAPER, "width": 1}},
        "customdata": [f"{size:,} rows, {size / max(total, 1):.0%}" for size, total in zip(sizes, totals, strict=True)],
        "hovertemplate": "%{fullData.name}: %{customdata}<extra></extra>",
    }


def _histogram(
    facts: Facts,
    known: list[InstitutionFacts],
    labels: list[str],
    counts: dict[str, dict[str, int]],
    table: DataTable,
) -> Plot:
    shares = {
        name: [values.get(text, 0) / max(sum(values.values()), 1) for text in labels] for name, values in counts.items()
    }
    unit = "$" if words.is_dollars(facts.unit) else facts.unit
    bins = axis(
        f"Target{f' ({escape(unit, quote=False)})' if unit else ''}",
        tickmode="array",
        tickvals=list(range(len(labels))),
        ticktext=[label(text, 16) for text in labels],
        showgrid=False,
    )
    if len(known) > _SLICES:
        drawing = _share_map(shares, bins)
        caption = (
            "Each line is an institution, each column a range of the target; "
            "the stronger a square's colour, the more of the institution's rows."
        )
    else:
        traces = [_share_line(place, name, values) for place, (name, values) in enumerate(shares.items())]
        rows = axis("Share of its rows", tickformat=".0%", rangemode="tozero")
        drawing = draw(traces, 400, xaxis=bins, yaxis=rows, showlegend=True, legend=_LEGEND_ABOVE)
        caption = (
            "Each line is an institution: how its rows spread over the ranges of the target. Lines far apart mean "
            "different patients."
        )
    return Plot("distribution", "Target values", caption, drawing, table)


_LEGEND_ABOVE = {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0}


def _share_line(place: int, name: str, shares: list[float]) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": label(name),
        "x": list(range(len(shares))),
        "y": shares,
        "line": {"color": institution_colour(place), "width": 2, "dash": dash(place), "shape": "hvh"},
        "marker": {"size": 4},
        "hovertemplate": "%{fullData.name}: %{y:.1%}<extra></extra>",
    }


def _share_map(shares: dict[str, list[float]], bins: dict[str, object]) -> dict[str, object]:
    heat: Trace = {
        "type": "heatmap",
        "z": list(shares.values()),
        "y": list(range(len(shares))),
        "colorscale": [[0, "var(--faint)"], [1, "var(--accent)"]],
        "xgap": 1,
        "ygap": 2,
        "colorbar": {"tickformat": ".0%", "thickness": 10, "outlinewidth": 0},
        "hovertemplate": "%{z:.1%} of its rows<extra></extra>",
    }
    return draw([heat], rows_height(len(shares), 26), xaxis=bins, yaxis=named_axis(list(shares)))


def _weights(facts: Facts) -> list[Plot]:
    weights = {i.name: i.weight for i in facts.institutions if i.weight > 0}
    if not weights:
        return []
    drawing = _donut(weights) if len(weights) <= _SLICES else _weight_bars(weights)
    caption = "Each institution's share of all the training rows that went into the shared model, over all rounds."
    rows = [(i.name, f"{i.examples:,}", f"{i.weight * 100:.1f}%") for i in facts.institutions]
    table = DataTable(("Institution", "Training rows", "Weight"), rows)
    return [Plot("weights", "Contribution to the shared model", caption, drawing, table)]


def _donut(weights: dict[str, float]) -> dict[str, object]:
    ring: Trace = {
        "type": "pie",
        "hole": 0.58,
        "labels": [label(name, 22) for name in weights],
        "values": list(weights.values()),
        "sort": False,
        "direction": "clockwise",
        "texttemplate": "%{percent:.1%}",
        "textposition": "outside",
        "automargin": True,
        "marker": {
            "colors": [institution_colour(place) for place in range(len(weights))],
            "line": {"color": PAPER, "width": 2},
        },
        "hovertemplate": "%{label}: %{percent:.1%}<extra></extra>",
    }
    legend = {"orientation": "h", "yanchor": "top", "y": -0.05, "x": 0.5, "xanchor": "center"}
    return draw([ring], 400, showlegend=True, legend=legend)


def _weight_bars(weights: dict[str, float]) -> dict[str, object]:
    written = [f"{value * 100:.1f}%" for value in weights.values()]
    shares = axis("Weight", tickformat=".0%", rangemode="tozero")
    return draw(
        [bars(list(weights.values()), written)],
        rows_height(len(weights), 28),
        xaxis=shares,
        yaxis=named_axis(list(weights)),
        bargap=0.3,
    )
