"""Tasks by name. Built-in tasks and third parties' are found the same way: the entry point group ``fedcare.tasks``.

An entry point gives a ``Task``, or a function without arguments that returns one. Anything that ends in ``.toml`` is
read as a task file instead.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from fedcare.errors import BadTaskFile, UnknownTask
from fedcare.tasks.spec import Task
from fedcare.tasks.toml_file import read_task

GROUP = "fedcare.tasks"


def names() -> tuple[str, ...]:
    """The registered names in order, without importing what stands behind them."""
    return tuple(sorted(_entries()))


def get(name: str) -> Task:
    """The task of that name or of that TOML file.

    Raises ``UnknownTask``, ``FileMissing``, or ``BadTaskFile`` where a file or an entry point declares no valid task.
    """
    if name.lower().endswith(".toml"):
        return read_task(Path(name))
    entry = _entries().get(name)
    if entry is None:
        raise UnknownTask(task=name, known=", ".join(names()))
    return _load(entry)


def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _load(entry: EntryPoint) -> Task:
    try:
        found: object = entry.load()
        task = found() if callable(found) else found
    except Exception as error:  # A third party's mistake must be told, and not end the whole program.
        raise BadTaskFile(path=entry.value, reason=f"{type(error).__name__}: {error}") from error
    if not isinstance(task, Task):
        raise BadTaskFile(path=entry.value, reason="the entry point gives no Task, nor a function that returns one")
    return task
