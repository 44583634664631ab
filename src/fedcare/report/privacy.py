"""What the run cost each patient: the epsilon that is claimed, and how it grew from round to round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fedcare.report.blocks import DataTable, Plot, Section
from fedcare.report.drawing import Trace, axis, dash, draw, institution_colour, label, round_axis
from fedcare.report.facts import Facts

# Beyond this many institutions a legend is longer than its figure.
_LEGEND_LIMIT = 12
SEEDED = (
    "Warning: the noise of this run follows from its plan's seed. Whoever knows the plan can take it off again, so"
    " nothing here is protected. Seeded noise is for tests alone."
)
NOTHING = (
    "The run had no differential privacy: no record left an institution, but nothing bounds what the model's weights"
    " tell of a single patient. With --private EPSILON they are bounded."
)


def section(facts: Facts) -> Section:
    """The claim in words, and epsilon by round for each institution."""
    spent = facts.raw.get("privacy")
    if not isinstance(spent, Mapping) or not spent.get("institutions"):
        return Section("privacy", "What it cost in privacy", [NOTHING])
    sentences = [SEEDED] if spent["seeded_noise"] else []
    return Section("privacy", "What it cost in privacy", [*sentences, _claim(spent)], plots=[_plot(spent)])


def _claim(spent: Mapping[str, Any]) -> str:
    judged = "" if spent["evaluation_noise"] is None else f", and so are the figures of quality{_TOLD}"
    return (
        "Whoever sees the model and everything that was sent can hardly tell whether any one patient's record took"
        f" part: epsilon is {spent['epsilon']:.3g} at delta {spent['delta']:g} at the institution that paid most. Each"
        f" record's gradient was cut to a norm of {spent['clip']:g} and hidden in noise of"
        f" {spent['noise_multiplier']:.3g} times that; the numbers of rows are noisy{judged}. What an institution's"
        " patients have paid in all runs stands in its own ledger."
    )


_TOLD = (
    " (95 of 100 such intervals hold what the same rows would have told without noise; which rows judge is another"
    " chance, which they leave out)"
)


def _plot(spent: Mapping[str, Any]) -> Plot:
    each = {str(name): own for name, own in spent["institutions"].items()}
    traces = [_line(place, name, own) for place, (name, own) in enumerate(each.items())]
    numbers = sorted({number for own in each.values() for number, _ in own["rounds"]})
    drawing = draw(
        traces,
        360,
        xaxis=round_axis(numbers),
        yaxis=axis("Epsilon", rangemode="tozero"),
        showlegend=len(each) <= _LEGEND_LIMIT,
    )
    rows = [(name, *_cells(own, numbers), f"{own['epsilon']:.4g}") for name, own in each.items()]
    columns = ("Institution", *(f"after round {number}" for number in numbers), "in all")
    caption = (
        "Epsilon after each round, of everything an institution had answered by then. Round 0 is its number of rows;"
        " the last figure of the table holds the final evaluation too."
    )
    return Plot("privacy-spent", "Privacy spent by round", caption, drawing, DataTable(columns, rows))


def _line(place: int, name: str, own: Mapping[str, Any]) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label(name),
        "x": [number for number, _ in own["rounds"]],
        "y": [epsilon for _, epsilon in own["rounds"]],
        "line": {"color": institution_colour(place), "width": 2, "dash": dash(place)},
        "hovertemplate": "%{fullData.name}, round %{x}: %{y:.3g}<extra></extra>",
    }


def _cells(own: Mapping[str, Any], numbers: list[int]) -> list[str]:
    known = dict(own["rounds"])
    return [f"{known[number]:.4g}" if number in known else "-" for number in numbers]
