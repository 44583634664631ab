"""The bricks of the page: tables, figures with their caption and data, sections. Text is escaped here and only here."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

Row = Sequence[str]
_POINTS_LIMIT = 12


@dataclass(frozen=True)
class DataTable:
    """A table of plain text; the first column names the row and the others are set flush right if ``numeric``."""

    columns: Row
    rows: Sequence[Row]
    numeric: bool = True

    def html(self) -> str:
        """The table with header cells marked as such, inside a box that scrolls sideways on a narrow screen."""
        head = "".join(f'<th scope="col">{escape(column)}</th>' for column in self.columns)
        body = "".join(self._row(row) for row in self.rows)
        kind = "numbers" if self.numeric else "texts"
        inside = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        return f'<div class="scroll"><table class="{kind}">{inside}</table></div>'

    @staticmethod
    def _row(row: Row) -> str:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        return f'<tr><th scope="row">{escape(row[0])}</th>{cells}</tr>'


@dataclass(frozen=True)
class Plot:
    """One figure: what it shows (``title``), how to read it (``caption``), the drawing, and the data behind it.

    ``name`` is unique on the page and makes its ids, the same for the same run. ``drawing`` is a plotly figure as JSON.
    ``shape`` is ``square`` where both axes have one scale, so that a wide page does not stretch it.
    """

    name: str
    title: str
    caption: str
    drawing: dict[str, Any]
    data: DataTable
    shape: str = "wide"

    def html(self) -> str:
        """The figure with its name, caption and data table; the drawing waits for the page's script."""
        layout = self.drawing["layout"]
        return (
            f'<figure class="plot {self.shape}" aria-labelledby="title-{self.name}">'
            f'<h3 id="title-{self.name}">{escape(self.title)}</h3>'
            f'<div class="canvas" id="plot-{self.name}" role="img" aria-label="{escape(self.title)}" '
            f'aria-describedby="caption-{self.name}" style="min-height:{int(layout["height"])}px"></div>'
            f'<script type="application/json" id="data-{self.name}">{safe_json(self.drawing)}</script>'
            f'<figcaption id="caption-{self.name}">{escape(self.caption)}</figcaption>'
            f"<details><summary>Data table</summary>{self.data.html()}</details></figure>"
        )


@dataclass(frozen=True)
class Picture:
    """An image that is part of the page: a PNG, what is to be seen on it, and how to read it."""

    png: bytes
    shows: str
    caption: str

    def html(self) -> str:
        """The image with its caption; pixels stay square however large it is drawn."""
        source = f"data:image/png;base64,{b64encode(self.png).decode()}"
        return (
            f'<figure class="plot picture"><img src="{source}" alt="{escape(self.shows)}">'
            f"<figcaption>{escape(self.caption)}</figcaption></figure>"
        )


@dataclass(frozen=True)
class Section:
    """A part of the page: a heading, plain sentences, a list, figures side by side, tables, and folded tables."""

    name: str
    title: str
    sentences: Sequence[str] = ()
    points: Sequence[str] = ()
    plots: Sequence[Plot | Picture] = ()
    tables: Sequence[DataTable] = ()
    folded: Mapping[str, DataTable] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether the run gave this part nothing to show."""
        return not (self.sentences or self.points or self.plots or self.tables or self.folded)

    def html(self) -> str:
        """The section, without the parts that are empty."""
        parts = [f"<p>{escape(sentence)}</p>" for sentence in self.sentences]
        if self.points:
            parts.append(self._list())
        if self.plots:
            parts.append('<div class="plots">' + "".join(plot.html() for plot in self.plots) + "</div>")
        parts.extend(table.html() for table in self.tables)
        parts.extend(
            f"<details><summary>{escape(title)}</summary>{table.html()}</details>"
            for title, table in self.folded.items()
        )
        heading = f'<h2 id="{self.name}">{escape(self.title)}</h2>'
        return f'<section aria-labelledby="{self.name}">{heading}{"".join(parts)}</section>'

    def _list(self) -> str:
        """The points, folded where they are so many that they would push the figures out of sight."""
        items = "<ul>" + "".join(f"<li>{escape(point)}</li>" for point in self.points) + "</ul>"
        if len(self.points) <= _POINTS_LIMIT:
            return items
        return f"<details><summary>Each of the {len(self.points):,} in a sentence</summary>{items}</details>"


def safe_json(value: object) -> str:
    """JSON that no text inside it can break out of: the characters that mean something to HTML become escapes."""
    text = json.dumps(value, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
