"""Was it worth joining? The shared model beside each institution's own and beside one trained on all rows."""

from __future__ import annotations

from fedcare.report import words
from fedcare.report.blocks import DataTable, Plot, Section
from fedcare.report.drawing import ACCENT, INK, LINES, PAPER, QUIET, Trace, draw, named_axis, rows_height, value_axis
from fedcare.report.facts import CompareFacts, Facts, Metrics

# A difference below this is called even: half a point of a metric between 0 and 1, half a per cent of one with a unit.
_EVEN = 0.005


def section(facts: Facts) -> Section:
    """One sentence per institution, then both comparisons; without ``--compare`` it says how to get them."""
    title = "Was it worth joining?"
    if facts.compare is None:
        return Section(
            "comparison",
            title,
            ["This run was not compared with training alone. The option --compare adds the answer."],
        )
    plots = [plot for place in ("own", "pooled") if (plot := _plot(facts, facts.compare, place)) is not None]
    points = [sentence(facts, facts.compare, name) for name in facts.compare.local]
    return Section("comparison", title, _central(facts, facts.compare), points, plots)


def verdict(facts: Facts) -> list[str]:
    """One sentence that counts who gains on its own rows and on everybody's; nothing without a comparison."""
    if facts.compare is None or not facts.compare.local:
        return []
    counts = {place: _count(facts, facts.compare, place) for place in ("own", "pooled")}
    parts: list[str] = []
    for place, where in (("own", "on their own rows"), ("pooled", "on everybody's rows")):
        gains, known = counts[place]
        if known:
            parts.append(f"for {_of(gains, known)}{'' if parts else ' institutions'} {where}")
    name = words.mid_sentence(facts.metric)
    return [f"Judged by {name}, the shared model beats training alone {words.listed(parts)}."] if parts else []


def _of(some: int, known: int) -> str:
    return f"all {known}" if some == known and known > 1 else f"{some if some else 'none'} of {known}"


def sentence(facts: Facts, compare: CompareFacts, name: str) -> str:
    """What one institution gains or loses, on its own rows and on everybody's."""
    parts = []
    for place, where in (("own", "on its own rows"), ("pooled", "on everybody's rows")):
        alone, shared = _pair(facts, compare, name, place)
        text = _change(facts, alone, shared)
        if text:
            parts.append(f"{text} {where}")
    return f"{name}: {'; '.join(parts)}." if parts else f"{name}: no figure to compare."


def _change(facts: Facts, alone: Metrics, shared: Metrics) -> str:
    metric = facts.metric
    if metric not in alone or metric not in shared:
        return ""
    before, after = alone[metric], shared[metric]
    style = words.style(metric, facts.unit, before)
    known = f"{words.mid_sentence(metric)} {style.write(after)} instead of {style.write(before)}"
    gain = _gain(facts, before, after)
    size = style.size(after - before)
    verb = "breaks even" if gain is None else f"gains {size}" if gain else f"loses {size}"
    return f"{verb} ({known}{_error(facts, alone, shared)})"


def _error(facts: Facts, alone: Metrics, shared: Metrics) -> str:
    """For a number, the average error as well: dollars say more than an R²."""
    if facts.metric == "mae" or "mae" not in alone or "mae" not in shared:
        return ""
    style = words.style("mae", facts.unit, alone["mae"])
    return f"; average error {style.write(shared['mae'])} instead of {style.write(alone['mae'])}"


def _gain(facts: Facts, before: float, after: float) -> bool | None:
    """True where joining is better, False where it is worse, None where the two are even."""
    scale = max(abs(before), abs(after)) if facts.metric in ("mae", "mse") else 1.0
    better = (after - before) if facts.higher_is_better else (before - after)
    return None if abs(better) < _EVEN * scale else better > 0


def _pair(facts: Facts, compare: CompareFacts, name: str, place: str) -> tuple[Metrics, Metrics]:
    """The metrics alone and shared, on the institution's own rows or on everybody's."""
    if place == "pooled":
        return compare.local[name].pooled, facts.metrics
    shared = next((i.metrics for i in facts.institutions if i.name == name), {})
    return compare.local[name].own, shared


def _count(facts: Facts, compare: CompareFacts, place: str) -> tuple[int, int]:
    gains = known = 0
    for name in compare.local:
        alone, shared = _pair(facts, compare, name, place)
        if facts.metric in alone and facts.metric in shared:
            known += 1
            gains += _gain(facts, alone[facts.metric], shared[facts.metric]) is True
    return gains, known


def _central(facts: Facts, compare: CompareFacts) -> list[str]:
    metric = facts.metric
    if metric not in compare.central or metric not in facts.metrics:
        return []
    style = words.style(metric, facts.unit, facts.metrics[metric])
    difference = facts.metrics[metric] - compare.central[metric]
    return [
        f"A model trained with all rows in one place, which federation avoids, reaches "
        f"{words.mid_sentence(metric)} {style.write(compare.central[metric])}; the shared model reaches "
        f"{style.write(facts.metrics[metric])} ({style.change(difference)})."
    ]


def _plot(facts: Facts, compare: CompareFacts, place: str) -> Plot | None:
    metric, pairs = facts.metric, {name: _pair(facts, compare, name, place) for name in compare.local}
    known = {n: (a[metric], s[metric]) for n, (a, s) in pairs.items() if metric in a and metric in s}
    if not known:
        return None
    style = words.style(metric, facts.unit, max(abs(a) for a, _ in known.values()))
    where = "its own rows" if place == "own" else "everybody's rows"
    rows = [(n, style.write(a), style.write(s), style.change(s - a)) for n, (a, s) in known.items()]
    central = compare.central.get(metric) if place == "pooled" else None
    if central is not None:
        rows.append(("All rows in one place", style.write(central), "", ""))
    better = "right" if facts.higher_is_better else "left"
    caption = (
        f"Hollow dot: the model an institution trained alone. Filled dot: the shared model. "
        f"Joining pays where the filled dot lies further to the {better}."
    )
    caption += " The dotted line is a model trained on all rows in one place." if central is not None else ""
    return Plot(
        f"comparison-{place}",
        f"{words.metric_name(metric)} on {where}",
        caption,
        _dumbbells(facts, known, central),
        DataTable(("Institution", "Alone", "Shared model", "Difference"), rows),
    )


def _dumbbells(facts: Facts, known: dict[str, tuple[float, float]], central: float | None) -> dict[str, object]:
    places = list(range(len(known)))
    style = words.style(facts.metric, facts.unit, max(abs(a) for a, _ in known.values()))
    traces: list[Trace] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [v for pair in known.values() for v in (*pair, None)],
            "y": [v for place in places for v in (place, place, None)],
            "line": {"color": LINES, "width": 4},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]
    for side, (name, fill) in enumerate((("Alone", PAPER), ("Shared model", ACCENT))):
        values = [pair[side] for pair in known.values()]
        line = {"color": QUIET if side == 0 else ACCENT, "width": 2}
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": values,
                "y": places,
                "customdata": [style.write(value) for value in values],
                "marker": {"color": fill, "size": 13, "line": line},
                "hovertemplate": f"{name}: %{{customdata}}<extra></extra>",
            }
        )
    shapes = [] if central is None else [_central_line(central)]
    height = rows_height(len(known)) + 40
    return draw(
        traces,
        height,
        xaxis=value_axis(facts.metric, facts.unit),
        yaxis=named_axis(list(known)),
        shapes=shapes,
        showlegend=True,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
    )


def _central_line(value: float) -> Trace:
    return {
        "type": "line",
        "x0": value,
        "x1": value,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": INK, "width": 1.5, "dash": "dot"},
    }
