"""The common look of every figure: palette, axes, margins, and labels that cannot carry markup.

Colours are named (``var(--accent)``) rather than fixed: the page's script puts in the values of the light, dark or
printed page, so that a figure follows the reader's choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from fedcare.report import words

ACCENT, INK, QUIET, LINES, PAPER, WARN = (
    f"var(--{name})" for name in ("accent", "ink", "quiet", "lines", "paper", "warn")
)
# Okabe and Ito's palette, told apart by colour-blind readers; its black and yellow fail on one of the two backgrounds.
SERIES = tuple(f"var(--series-{place})" for place in range(1, 7))
DASHES = ("solid", "dash", "dot", "dashdot")

Trace = dict[str, Any]


def label(text: str, limit: int = 30) -> str:
    """Text from the run for use inside a figure: shortened, and with markup made harmless, since plotly reads tags."""
    return escape(words.shorten(text, limit), quote=False)


def colour(place: int) -> str:
    """The series' colour; colours return after six, with another dash."""
    return SERIES[place % len(SERIES)]


def institution_colour(place: int) -> str:
    """An institution's colour, the same in every figure; the accent's own hue comes last, since it means "together"."""
    return colour(place + 1)


def dash(place: int) -> str:
    """The series' dash, which tells series apart where the colours have run out."""
    return DASHES[place // len(SERIES) % len(DASHES)]


def draw(traces: Sequence[Trace], height: int, **layout: Any) -> dict[str, Any]:
    """A figure of checked traces as JSON: ``{"data": [...], "layout": {...}}``, ``height`` in pixels."""
    import plotly.graph_objects as go

    common: dict[str, Any] = {
        "height": height,
        "margin": {"l": 12, "r": 16, "t": 16, "b": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": 13, "family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"},
        "hoverlabel": {"bgcolor": PAPER, "bordercolor": LINES, "font": {"color": INK, "size": 12}},
        "hovermode": "closest",
        "dragmode": False,
        "showlegend": False,
        "legend": {"orientation": "h", "yanchor": "top", "y": -0.2, "x": 0, "font": {"size": 12}},
    }
    figure = go.Figure(data=list(traces), layout={**common, **layout}).to_plotly_json()
    figure["layout"].pop("template", None)
    return {"data": figure["data"], "layout": figure["layout"]}


def bars(values: Sequence[float], written: Sequence[str]) -> Trace:
    """Horizontal bars in the accent's colour, one a row, each with its value written at its foot."""
    return {
        "type": "bar",
        "orientation": "h",
        "x": list(values),
        "y": list(range(len(values))),
        "text": list(written),
        "textposition": "auto",
        "insidetextanchor": "start",
        "textangle": 0,
        "insidetextfont": {"color": PAPER},
        "outsidetextfont": {"color": INK},
        "marker": {"color": ACCENT},
        "hoverinfo": "skip",
    }


def round_axis(numbers: Sequence[int]) -> dict[str, Any]:
    """The axis of rounds: every one marked while they are few, and never a round zero."""
    if len(numbers) <= 12:
        return axis("Round", showgrid=False, tickmode="array", tickvals=list(numbers), tickangle=0)
    return axis("Round", showgrid=False, range=[numbers[0] - 0.6, numbers[-1] + 0.6], tickangle=0)


def axis(title: str = "", **settings: Any) -> dict[str, Any]:
    """A quiet axis: thin lines, no zero line, no zooming by accident, and room made for its labels."""
    common = {
        "gridcolor": LINES,
        "linecolor": LINES,
        "zeroline": False,
        "ticks": "",
        "automargin": True,
        "fixedrange": True,
    }
    return {"title": {"text": title, "font": {"size": 12, "color": QUIET}}, **common, **settings}


def named_axis(names: Sequence[str], limit: int = 24, **settings: Any) -> dict[str, Any]:
    """A vertical axis, the first name on top; places are numbers, so that equal labels stay apart."""
    places = list(range(len(names)))
    texts = [label(name, limit) for name in names]
    return axis(
        tickmode="array", tickvals=places, ticktext=texts, range=[len(names) - 0.5, -0.5], showgrid=False, **settings
    )


def rows_height(count: int, each: int = 38, least: int = 190) -> int:
    """Height in pixels of a figure with ``count`` rows below one another; a long list gets narrow rows."""
    return max(least, 90 + (each if count <= 30 else 18) * count)


def value_axis(metric: str, unit: str, title: str = "", **settings: Any) -> dict[str, Any]:
    """An axis of a metric's values, with its unit on the ticks."""
    ticks: dict[str, Any] = {}
    if words.style(metric, unit).suffix == "%":
        ticks = {"tickformat": ".0%"}
    elif metric == "mae" and words.is_dollars(unit):
        ticks = {"tickprefix": "$", "tickformat": ",~f"}
    elif metric in ("mae", "mse"):
        ticks = {"tickformat": ",~f", "ticksuffix": f" {escape(unit, quote=False)}" if metric == "mae" and unit else ""}
    return axis(title, **ticks, **settings)
