"""Which of a file's columns are the task's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from fedcare.data.cells import listed, shown
from fedcare.data.schema import TableSchema
from fedcare.errors import BadRecords


@dataclass(frozen=True)
class Columns:
    """The file's ``header``, outer spaces cut, and the ``place`` in it of every declared column."""

    header: tuple[str, ...]
    place: dict[str, int]

    @property
    def ignored(self) -> tuple[str, ...]:
        """The columns that the task does not declare."""
        used = set(self.place.values())
        return tuple(name for place, name in enumerate(self.header) if place not in used)

    def names(self) -> dict[str, int]:
        """Every column that stands once in the header, by its declared name or else its own."""
        count = Counter(self.header)
        named = {name: place for place, name in enumerate(self.header) if name and count[name] == 1}
        declared = {place: name for name, place in self.place.items()}
        return {declared.get(place, name): place for name, place in named.items()}


def match_columns(header: Sequence[str], schema: TableSchema, path: Path, task_name: str) -> Columns:
    """Find the task's columns: by exact name, else by the name without regard to case where only one has it.

    Raises ``BadRecords`` where the target or a feature is absent or stands twice.
    """
    names = tuple(name.strip() for name in header)
    found = Columns(names, {})
    try:
        target = _target(names, schema)
        missing = [feature for feature in schema.feature_names if _find(names, feature) is None]
        if target is None:
            raise _Absent(_no_target(names, schema))
        if missing:
            raise _Absent(_no_feature(names, missing))
        found.place[schema.target.name] = target
        found.place.update({feature: _find(names, feature) or 0 for feature in schema.feature_names})
    except _Absent as absent:
        raise BadRecords(path=path, task=task_name, reason=str(absent)) from None
    return found


class _Absent(Exception):
    """A column that the task needs cannot be found; its text says why."""


def _target(names: Sequence[str], schema: TableSchema) -> int | None:
    places = (_find(names, name) for name in (schema.target.name, *schema.target.aliases))
    return next((place for place in places if place is not None), None)


def _find(names: Sequence[str], wanted: str) -> int | None:
    """The wanted column's place, None where there is none; a name that stands twice is refused."""
    wanted = wanted.strip()
    exact = [place for place, name in enumerate(names) if name == wanted]
    alike = exact or [place for place, name in enumerate(names) if name.casefold() == wanted.casefold()]
    if len(alike) > 1:
        found = listed([shown(names[place]) for place in alike])
        raise _Absent(f"more than one column could be {shown(wanted)}: {found}; keep one")
    return alike[0] if alike else None


def _no_target(names: Sequence[str], schema: TableSchema) -> str:
    wanted = " or ".join(shown(name) for name in (schema.target.name, *schema.target.aliases))
    return f"there is no column {wanted} to learn from{_hint(names, schema.target.name)}"


def _no_feature(names: Sequence[str], missing: Sequence[str]) -> str:
    what = "column is" if len(missing) == 1 else "columns are"
    return f"the {what} missing: {listed([shown(name) for name in missing])}{_hint(names, missing[0])}"


def _hint(names: Sequence[str], wanted: str) -> str:
    close = get_close_matches(wanted.casefold(), {name.casefold(): name for name in names}, n=1, cutoff=0.7)
    if close:
        return f". Is {shown(next(name for name in names if name.casefold() == close[0]))} meant for {shown(wanted)}?"
    return f". The file has {len(names)}: {listed([shown(name) for name in names], 6)}"
