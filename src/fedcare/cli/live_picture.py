"""What a run looks like in the terminal: what is known of it, as Rich's tables and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fedcare.report import words

_BLOCKS, _ASCII_BLOCKS = "▁▂▃▄▅▆▇█", "_.-=+*#%"
_SPARK_WIDTH = 40
# Lines of a terminal that the picture needs besides its rows of institutions.
_OTHER_LINES = 9
_STYLES = {"training": "cyan", "done": "green", "dropped": "red", "waiting": "dim", "not asked": "dim"}


@dataclass
class Row:
    """One institution: training rows, its part in this round, last training loss, own metric, why it was dropped."""

    rows: int | None = None
    state: str = "waiting"
    loss: float | None = None
    value: float | None = None
    reason: str = ""


@dataclass
class Progress:
    """All that the picture shows; ``seconds`` are the finished rounds' durations, ``values`` the metric's course."""

    title: str = ""
    rounds: int = 0
    metric: str = ""
    unit: str = ""
    done: int = 0
    table: dict[str, Row] = field(default_factory=dict)
    values: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def seconds_left(self, since_last: float = 0.0) -> float | None:
        """An estimate from the last five rounds; None before the first has ended."""
        recent = self.seconds[-5:]
        if not recent:
            return None
        return max(0.0, sum(recent) / len(recent) * (self.rounds - self.done) - since_last)


def picture(progress: Progress, since_last: float, console: Console) -> RenderableType:
    """The whole picture: title and progress bar, the metric's course, the institutions."""
    ascii_only = console.options.ascii_only
    parts: list[RenderableType] = [Text(clean(progress.title), style="bold"), _bar(progress, since_last)]
    if progress.values:
        parts.append(_course(progress, ascii_only))
    parts.append(_institutions(progress, max(3, console.size.height - _OTHER_LINES)))
    return Group(*parts)


def _bar(progress: Progress, since_last: float) -> RenderableType:
    left = progress.seconds_left(since_last)
    grid = Table.grid(padding=(0, 1))
    grid.add_row(
        Text(f"round {progress.done} of {progress.rounds}"),
        ProgressBar(
            total=max(progress.rounds, 1),
            completed=progress.done,
            width=_SPARK_WIDTH,
            complete_style="cyan",
            finished_style="green",
        ),
        Text("" if left is None or progress.done >= progress.rounds else f"{words.seconds(left)} left", style="dim"),
    )
    return grid


def _course(progress: Progress, ascii_only: bool) -> Text:
    first, last = (words.write(progress.metric, v, progress.unit) for v in (progress.values[0], progress.values[-1]))
    line = Text(f"{words.metric_name(progress.metric)} {first} ")
    line.append(sparkline(progress.values, ascii_only), style="cyan")
    line.append(f" {last}", style="bold")
    return line


def sparkline(values: Sequence[float], ascii_only: bool = False) -> str:
    """The course of some values, at most forty marks wide, from the lowest to the highest of them."""
    ramp = _ASCII_BLOCKS if ascii_only else _BLOCKS
    if len(values) > _SPARK_WIDTH:
        values = [values[place * (len(values) - 1) // (_SPARK_WIDTH - 1)] for place in range(_SPARK_WIDTH)]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(ramp[min(len(ramp) - 1, int((value - low) / span * len(ramp)))] for value in values)


def _institutions(progress: Progress, limit: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("institution", max_width=32, no_wrap=True, overflow="ellipsis")
    for name in ("rows", "loss", words.mid_sentence(progress.metric)):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("this round", no_wrap=True, overflow="ellipsis")
    for name, row in list(progress.table.items())[:limit]:
        table.add_row(Text(clean(name)), *_cells(row, progress))
    if len(progress.table) > limit:
        table.add_row(Text(f"and {len(progress.table) - limit} more", style="dim"))
    return table


def _cells(row: Row, progress: Progress) -> list[Text]:
    state = f"{row.state}: {clean(row.reason)}" if row.reason else row.state
    return [
        Text("" if row.rows is None else f"{row.rows:,}"),
        Text("" if row.loss is None else f"{row.loss:.4f}"),
        Text("" if row.value is None else words.write(progress.metric, row.value, progress.unit)),
        Text(state, style=_STYLES.get(row.state, "")),
    ]


def line_of(progress: Progress, record: Mapping[str, Any]) -> str:
    """A finished round as one plain line, for a log or a pipe."""
    metrics = record.get("metrics") or {}
    shown = [m for m in dict.fromkeys((progress.metric, "loss")) if metrics.get(m) is not None]
    parts = [f"{words.mid_sentence(m)} {words.write(m, metrics[m], progress.unit)}" for m in shown]
    parts.append(words.seconds(record.get("seconds") or 0.0))
    left = progress.seconds_left()
    if left is not None and progress.done < progress.rounds:
        parts.append(f"{words.seconds(left)} left")
    dropped = [f"{clean(name)} dropped ({clean(reason)})" for name, reason in (record.get("dropped") or {}).items()]
    return f"round {progress.done}/{progress.rounds}: {', '.join([*parts, *dropped])}"


def clean(text: str) -> str:
    """Text from outside without control characters, which a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in str(text))
