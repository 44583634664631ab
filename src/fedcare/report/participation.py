"""Who took part in which round, who was dropped and why."""

from __future__ import annotations

from fedcare.report import words
from fedcare.report.blocks import DataTable, Plot, Section
from fedcare.report.drawing import Trace, axis, draw, named_axis, rows_height
from fedcare.report.facts import Facts, RoundFacts

_AWAY, _DROPPED, _TOOK_PART = 0, 1, 2
_SIGNS = {_AWAY: "", _DROPPED: "\u00d7", _TOOK_PART: "✓"}
_WORDS = {_AWAY: "not sampled", _DROPPED: "dropped", _TOOK_PART: "took part"}
_SIGNS_LIMIT = 16
_REASONS_LIMIT = 50


def section(facts: Facts) -> Section:
    """The matrix of institutions and rounds, and every drop with its reason."""
    title = "Who took part in each round"
    if not facts.history or not facts.names:
        return Section("participation", title, ["The run recorded no rounds."])
    drops = [(entry.number, name, why) for entry in facts.history for name, why in entry.dropped.items()]
    back = [
        f"Round {entry.number} was rolled back: {entry.rolled_back}." for entry in facts.history if entry.rolled_back
    ]
    points = [f"Round {number}: {name} was dropped: {why}" for number, name, why in drops[:_REASONS_LIMIT]]
    if len(drops) > _REASONS_LIMIT:
        points.append(f"… and {len(drops) - _REASONS_LIMIT:,} more; they are in the data table.")
    summary = (
        f"{words.plural(len(drops), 'answer')} of an institution {'was' if len(drops) == 1 else 'were'} refused; "
        "the round went on without it."
        if drops
        else "Every answer that came was used."
    )
    if back:
        rolled = f"{words.plural(len(back), 'round')} did harm and {'was' if len(back) == 1 else 'were'} rolled back."
        summary = f"{summary} {rolled}"
    return Section("participation", title, [summary], [*back[:_REASONS_LIMIT], *points], [_plot(facts)])


def _state(entry: RoundFacts, name: str) -> int:
    if name in entry.dropped:
        return _DROPPED
    return _TOOK_PART if name in entry.participants else _AWAY


def _plot(facts: Facts) -> Plot:
    rounds = [entry.number for entry in facts.history]
    states = [[_state(entry, name) for entry in facts.history] for name in facts.names]
    signs = _SIGNS if len(rounds) <= _SIGNS_LIMIT else _SIGNS | {_TOOK_PART: ""}
    heat: Trace = {
        "type": "heatmap",
        "z": states,
        "x": list(range(len(rounds))),
        "y": list(range(len(facts.names))),
        "zmin": 0,
        "zmax": 2,
        "colorscale": _steps(("var(--faint)", "var(--warn)", "var(--accent)")),
        "showscale": False,
        "xgap": 3,
        "ygap": 3,
        "text": [[signs[state] for state in row] for row in states],
        "texttemplate": "%{text}",
        "textfont": {"color": "var(--paper)", "size": 14},
        "customdata": [[_WORDS[state] for state in row] for row in states],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    step = -(-len(rounds) // 12)
    places = list(range(0, len(rounds), step))
    columns = axis(
        "Round",
        tickmode="array",
        tickvals=places,
        ticktext=[str(rounds[place]) for place in places],
        showgrid=False,
        tickangle=0,
    )
    drawing = draw([heat], rows_height(len(facts.names), 36), xaxis=columns, yaxis=named_axis(facts.names))
    caption = "A column is a round. Filled: took part; crossed with \u00d7: dropped; pale: not asked in this round."
    return Plot("participation", "Participation", caption, drawing, _table(facts))


def _steps(colours: tuple[str, ...]) -> list[list[object]]:
    """A colour scale of flat steps: a state is one of three things, nothing in between."""
    edges = [place / len(colours) for place in range(len(colours) + 1)]
    return [[edge, c] for place, c in enumerate(colours) for edge in (edges[place], edges[place + 1])]


def _table(facts: Facts) -> DataTable:
    rows = [(str(entry.number), *(_cell(entry, name) for name in facts.names)) for entry in facts.history]
    return DataTable(("Round", *facts.names), rows, numeric=False)


def _cell(entry: RoundFacts, name: str) -> str:
    state = _state(entry, name)
    if state == _DROPPED:
        return f"dropped: {entry.dropped[name]}"
    rows = entry.participants.get(name)
    # Under secure aggregation nobody knows of how many rows a single institution's part is.
    return words.plural(rows, "row") if rows else _WORDS[state]
