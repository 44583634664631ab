"""Write docs/reference/ anew from the code: the command line, the settings, the errors.

``make docs`` runs this; ``tests/test_docs.py`` fails while a page is not what this makes of the code.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from itertools import groupby
from pathlib import Path

import click
import typer
from pydantic import BaseModel

from fedcare.cli.app import app
from fedcare.errors import FedCareError, catalogue
from fedcare.models.spec import KINDS
from fedcare.settings import Settings
from fedcare.tasks.overrides import apply, settings_of
from fedcare.tasks.registry import get
from fedcare.tasks.spec import Task

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
WIDTH = 100
# A breast-cancer table has no categorical feature: an empty list of them is no setting.
FEATURES = ("records.numeric", "records.categorical")
NOTE = "<!-- Written by scripts/reference.py: run `make docs` after a change of the code. -->"


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {"cli.md": command_line(), "settings.md": settings(), "errors.md": errors()}


def page(title: str, *parts: str) -> str:
    """A whole page."""
    return "\n\n".join([f"# {title}", NOTE, *parts]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; what would end a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


# -- the command line -------------------------------------------------------------------------------------------------


def command_line() -> str:
    """What ``--help`` says of every command."""
    parts = [f"## {name}\n\n```\n{text}\n```" for name, text in _helps("fedcare", typer.main.get_command(app))]
    exits = "Exit codes are in the list of [errors](errors.md); 0 is success."
    return page("The command line", exits, *parts)


def _helps(name: str, command: click.Command) -> Iterator[tuple[str, str]]:
    yield name, _help(name, command)
    for below, inner in getattr(command, "commands", {}).items():
        yield from _helps(f"{name} {below}", inner)


def _help(name: str, command: click.Command) -> str:
    # Plain text rather than boxes, whose width and characters depend on the terminal.
    command.rich_markup_mode = None  # type: ignore[attr-defined]
    context = command.context_class(command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
    text = command.get_help(context).replace("\\[", "[")
    return "\n".join(line.rstrip() for line in text.splitlines())


# -- settings ---------------------------------------------------------------------------------------------------------


def settings() -> str:
    """Every key of ``--set`` with what it means and what each built-in task sets it to."""
    tasks = [get(entry.name) for entry in _own("fedcare.tasks")]
    defaults = {task.name: {found.key: found.value for found in settings_of(task)} for task in tasks}
    whole = {task.name: task for task in tasks}
    for name, variant in _variants(tasks):
        known = {key for own in defaults.values() for key in own}
        defaults[name] = {each.key: each.value for each in settings_of(variant) if each.key not in known}
        whole[name] = variant
    keys = list(dict.fromkeys(key for own in defaults.values() for key in own if key not in FEATURES))
    parts = list(dict.fromkeys(key.partition(".")[0] for key in keys))
    keys.sort(key=lambda key: parts.index(key.partition(".")[0]))
    rows = []
    for key in keys:
        holder = next(whole[name] for name, own in defaults.items() if key in own)
        part, field = _part(holder, key)
        values = {name: _shown(own[key]) for name, own in defaults.items() if key in own}
        rows.append((f"`{key}`", _allowed(part, field), _by_task(values, len(tasks)), meaning(part, field)))
    return page(
        "Settings",
        "`--set KEY=VALUE` of `simulate`, `train-local` and `data generate` changes any of these, for a built-in task"
        " and for a task of a TOML file alike. The last part of a key is enough where only one key ends so: `lr` for"
        " `local.lr`. Values are written as in TOML; a list may be written `64,32`. `fedcare tasks show TASK` prints"
        " the same with the values of one task.",
        "## Of a task",
        table(["key", "values", "default", "meaning"], rows),
        "## Of a strategy",
        "Each is a key `strategy.options.NAME`. The strategy itself is `--strategy` or `strategy.name`.",
        table(["strategy", "options and defaults", "what it does"], _strategies()),
        "## Of the machine",
        "These are environment variables.",
        _prose(Settings),
        "`FEDCARE_TRACEBACK=1` shows where in the code an unforeseen failure happened.",
    )


def _variants(tasks: Iterable[Task]) -> Iterator[tuple[str, Task]]:
    """Each task with each of the other models that its records go with."""
    for task in tasks:
        for kind in KINDS[task.records.kind][1:]:
            yield f"model {kind}", apply(task, {"model.kind": kind})


def _own(group: str) -> list[EntryPoint]:
    """FedCare's own entries of a group: what else is installed here belongs to no reference."""
    return sorted((entry for entry in entry_points(group=group) if entry.value.startswith("fedcare.")), key=_name)


def _name(entry: EntryPoint) -> str:
    return entry.name


def _part(task: Task, key: str) -> tuple[type[BaseModel], str]:
    """The class that declares a key, and its field there."""
    part: BaseModel = task
    *above, field = key.split(".")
    for name in above:
        part = getattr(part, name)
    return type(part), field


def meaning(part: type[BaseModel], field: str) -> str:
    """The sentences of the class's docstring that name the field; of several, the first; the rest of it otherwise."""
    sentences = re.split(r"(?<=\.)\s+(?=[A-Z`])|;\s+(?=`)", _prose(part))
    named = next((text for text in sentences if f"`{field}`" in text), "")
    text = named.rstrip(";.")
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _prose(part: type) -> str:
    """A docstring as one paragraph of Markdown."""
    return " ".join(inspect.cleandoc(part.__doc__ or "").split()).replace("``", "`")


def _allowed(part: type[BaseModel], field: str) -> str:
    """The values a field takes, in words."""
    if field == "kind":
        return "; ".join(f"of {records}s `{'`, `'.join(kinds)}`" for records, kinds in KINDS.items())
    schema = part.model_json_schema()["properties"][field]
    variants = schema.get("anyOf", [schema])
    words = [_in_words(variant) for variant in variants if variant.get("type") != "null"]
    return ", or ".join(dict.fromkeys(words)) + (", or none" if {"type": "null"} in variants else "")


def _in_words(schema: dict[str, object]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])  # type: ignore[attr-defined]
    kind = {"integer": "a whole number", "number": "a number", "boolean": "`true` or `false`", "array": "a list"}
    bounds = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    limits = [f"{word} {schema[name]:g}" for name, word in bounds.items() if name in schema]
    return " ".join([kind.get(str(schema.get("type")), "text"), *limits])


def _by_task(values: dict[str, str], tasks: int) -> str:
    """One value where all tasks agree, else each task's."""
    if len(set(values.values())) == 1 and len(values) == tasks:
        return next(iter(values.values()))
    grouped: dict[str, list[str]] = {}
    for name, value in values.items():
        grouped.setdefault(value, []).append(name)
    return "; ".join(f"{value} ({', '.join(names)})" for value, names in grouped.items())


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return ", ".join(f'`"{item}"`' if isinstance(item, str) else f"`{item}`" for item in value) or "none"
    if value is None or value == "":
        return "none"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _strategies() -> Iterator[tuple[str, str, str]]:
    for entry in _own("fedcare.strategies"):
        made = entry.load()
        options = inspect.signature(made).parameters.values()
        shown = ", ".join(f"`{option.name}` {option.default:g}" for option in options)
        yield f"`{entry.name}`", shown or "none", _prose(made)


# -- errors -----------------------------------------------------------------------------------------------------------


def errors() -> str:
    """The catalogue of errors."""
    return page(
        "Errors",
        "Every expected failure has a code that does not change. On the command line it is one line on stderr and an"
        ' exit code; with `--json`, one object on stdout: `{"error": {"code": ..., "message": ..., "details": {...}}}`.'
        " The HTTP status is what a server answers with. Words in braces are filled in.",
        *(part for module, kinds in groupby(catalogue(), key=_module) for part in _domain(module, kinds)),
        "## Others",
        "A failure nobody foresaw has the code `internal`, exit code 1 and HTTP status 500. A command line that cannot"
        " be understood ends with exit code 2. `fedcare data check` ends with 1 where some rows are bad and 2 where all"
        " are.",
    )


def _module(error: type[FedCareError]) -> str:
    return error.__module__


def _domain(module: str, kinds: Iterable[type[FedCareError]]) -> tuple[str, str]:
    """The title and the table of one file of the catalogue."""
    rows = [
        (f"`{error.code}`", str(error.exit_code), str(error.status), _prose(error), error.text.replace("!r", ""))
        for error in kinds
    ]
    title = inspect.cleandoc(sys.modules[module].__doc__ or "").rstrip(".")
    return f"## {title}", table(["code", "exit", "HTTP", "meaning", "text"], rows)


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
