"""What the run cost: where the time went and how many bytes travelled."""

from __future__ import annotations

from fedcare.report import words
from fedcare.report.blocks import DataTable, Plot, Section
from fedcare.report.drawing import ACCENT, Trace, axis, bars, colour, draw, named_axis, round_axis, rows_height
from fedcare.report.facts import Facts


def section(facts: Facts) -> Section:
    """Totals in words, the phases' seconds, and seconds and bytes of every round."""
    plots = [*_phases(facts), *_rounds(facts), *_traffic(facts)]
    return Section("costs", "What it cost", _totals(facts), plots=plots)


def _totals(facts: Facts) -> list[str]:
    parts = []
    if facts.seconds is not None:
        parts.append(f"The run took {words.seconds(facts.seconds)}.")
    if facts.bytes_sent or facts.bytes_received:
        parts.append(
            f"The coordinator sent {words.data_size(facts.bytes_sent)} to the institutions and received "
            f"{words.data_size(facts.bytes_received)} from them."
        )
    return [" ".join(parts)] if parts else []


def _phases(facts: Facts) -> list[Plot]:
    if not facts.timings:
        return []
    names = [name.replace("_", " ").capitalize() for name in facts.timings]
    written = [words.seconds(value) for value in facts.timings.values()]
    times = axis("Seconds", rangemode="tozero")
    drawing = draw(
        [bars(list(facts.timings.values()), written)],
        rows_height(len(names), 34),
        xaxis=times,
        yaxis=named_axis(names),
        bargap=0.35,
    )
    table = DataTable(("Phase", "Time"), list(zip(names, written, strict=True)))
    return [Plot("phases", "Where the time went", "Seconds spent in each phase of the run.", drawing, table)]


def _rounds(facts: Facts) -> list[Plot]:
    known = {entry.number: entry.seconds for entry in facts.history if entry.seconds is not None}
    if not known:
        return []
    columns: Trace = {
        "type": "bar",
        "x": list(known),
        "y": list(known.values()),
        "marker": {"color": ACCENT},
        "hovertemplate": "round %{x}: %{y:.2f} s<extra></extra>",
    }
    drawing = draw([columns], 300, xaxis=round_axis(list(known)), yaxis=axis("Seconds", rangemode="tozero"), bargap=0.4)
    table = DataTable(("Round", "Time"), [(str(number), words.seconds(value)) for number, value in known.items()])
    caption = "Seconds from sending the model out to having the next one judged."
    return [Plot("round-seconds", "Time of each round", caption, drawing, table)]


def _traffic(facts: Facts) -> list[Plot]:
    if not any(entry.bytes_sent or entry.bytes_received for entry in facts.history):
        return []
    numbers = [entry.number for entry in facts.history]
    sides = {
        "Sent": [entry.bytes_sent for entry in facts.history],
        "Received": [entry.bytes_received for entry in facts.history],
    }
    traces: list[Trace] = [
        {
            "type": "bar",
            "name": name,
            "x": numbers,
            "y": values,
            "marker": {"color": ACCENT if place == 0 else colour(1)},
            "customdata": [words.data_size(value) for value in values],
            "hovertemplate": f"{name}, round %{{x}}: %{{customdata}}<extra></extra>",
        }
        for place, (name, values) in enumerate(sides.items())
    ]
    amounts = axis("Bytes", rangemode="tozero", tickformat=".2~s", ticksuffix="B")
    legend = {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0}
    drawing = draw(
        traces, 300, xaxis=round_axis(numbers), yaxis=amounts, barmode="group", showlegend=True, legend=legend
    )
    rows = [(str(e.number), words.data_size(e.bytes_sent), words.data_size(e.bytes_received)) for e in facts.history]
    caption = "What the coordinator sent to all institutions of a round, and what it received from them."
    return [Plot("traffic", "Data that travelled", caption, drawing, DataTable(("Round", "Sent", "Received"), rows))]
