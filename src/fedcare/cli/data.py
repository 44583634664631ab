"""``fedcare data``: look at records before they are used, and make synthetic ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fedcare.cli.options import Set, parse_settings
from fedcare.cli.output import JsonFlag, emit, page
from fedcare.errors import BadSetting
from fedcare.report.words import plural

if TYPE_CHECKING:
    from fedcare.data.records import Loaded
    from fedcare.tasks.spec import Task

app = typer.Typer(help="Check records, or generate synthetic ones.", no_args_is_help=True)

SHOWN_PROBLEMS = 20
SHOWN_COLUMNS = 8
ALL_FIT, SOME_BAD, UNUSABLE = 0, 1, 2


# -- check ------------------------------------------------------------------------------------------------------------


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A CSV (gzip or not), an npz, or a folder of images.")],
    task: Annotated[str, typer.Option("--task", "-t", help="A task's name, or the path of a TOML file.")],
    json: JsonFlag = False,
) -> None:
    """Read a file as an institution would, and name every bad row by line, column and reason.

    Exit status: 0 when every row fits, 1 when some rows are bad and the others usable, 2 when nothing is usable.
    """
    from fedcare.tasks.loading import read
    from fedcare.tasks.registry import get

    declared = get(task)
    loaded = read(declared, file)
    found = _findings(file, declared, loaded)
    if json:
        emit(found)
    else:
        _show(found, declared)
    raise typer.Exit(_status(found))


def _findings(file: Path, task: Task, loaded: Loaded) -> dict[str, Any]:
    """What was found, as JSON types; every problem is in it."""
    bad = len({problem.line for problem in loaded.problems})
    usable = len(loaded.records)
    return {
        "file": str(file),
        "task": task.name,
        "rows": usable + bad,
        "usable": usable,
        "bad": bad,
        "problems": [{"line": p.line, "column": p.column, "reason": p.reason} for p in loaded.problems],
        "ignored_columns": list(loaded.ignored_columns),
        "imputed": _imputed(loaded),
        "target": _target(task, loaded),
    }


def _imputed(loaded: Loaded) -> dict[str, int]:
    """How many values are missing and will be imputed, by column."""
    from fedcare.data.records import Table

    if not isinstance(loaded.records, Table):
        return {}
    missing = {name: int((values != values).sum()) for name, values in loaded.records.numeric.items()}  # noqa: PLR0124 (NaN)
    missing |= {name: int((places < 0).sum()) for name, places in loaded.records.categorical.items()}
    return {name: count for name, count in missing.items() if count}


def _target(task: Task, loaded: Loaded) -> dict[str, float]:
    """Rows of each class, or the least, mean and greatest of a number."""
    values = loaded.records.target
    if task.kind != "regression":
        counts = Counter(int(value) for value in values.tolist())
        return {name: counts[place] for place, name in enumerate(task.records.target.classes)}
    if not len(values):
        return {}
    return {"least": float(values.min()), "mean": float(values.mean()), "greatest": float(values.max())}


def _status(found: dict[str, Any]) -> int:
    if not found["usable"]:
        return UNUSABLE
    return SOME_BAD if found["bad"] else ALL_FIT


def _show(found: dict[str, Any], task: Task) -> None:
    if found["problems"]:
        _show_problems(found["problems"])
    page.print(
        f"{found['file']} as {found['task']} reads it: {plural(found['rows'], 'row')}", markup=False, highlight=False
    )
    verdict = {
        ALL_FIT: "Every row fits.",
        SOME_BAD: f"Usable rows: {found['usable']}. Bad rows, which will be left out: {found['bad']}.",
        UNUSABLE: "No row is usable.",
    }
    page.print(verdict[_status(found)], markup=False)
    for heading, text in _remarks(found, task):
        page.print(f"{heading}: {text}", markup=False, highlight=False)


def _remarks(found: dict[str, Any], task: Task) -> list[tuple[str, str]]:
    """What else is worth knowing, each as heading and text."""
    remarks = []
    if found["target"]:
        unit = f" {task.records.target.unit}" if task.kind == "regression" else ""
        values = ", ".join(f"{name} {value:,.10g}{unit}" for name, value in found["target"].items())
        remarks.append((f"Target {task.records.target.name}", values))
    if found["imputed"]:
        remarks.append(("Missing, to be imputed", ", ".join(f"{name} {n}" for name, n in found["imputed"].items())))
    if columns := found["ignored_columns"]:
        rest = f" and {len(columns) - SHOWN_COLUMNS} more" if len(columns) > SHOWN_COLUMNS else ""
        remarks.append(("Columns not used", ", ".join(map(repr, columns[:SHOWN_COLUMNS])) + rest))
    return remarks


def _show_problems(problems: list[dict[str, Any]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("Line", "Column", "Reason", title="Bad rows", title_justify="left")
    for problem in problems[:SHOWN_PROBLEMS]:
        table.add_row(str(problem["line"]), escape(problem["column"]), escape(problem["reason"]))
    page.print(table)
    if (rest := len(problems) - SHOWN_PROBLEMS) > 0:
        by_column = Counter(problem["column"] for problem in problems)
        columns = ", ".join(f"{name} {count}" for name, count in by_column.most_common(SHOWN_COLUMNS))
        page.print(f"... and {rest} more; --json gives all. By column: {columns}", markup=False, highlight=False)


# -- generate ---------------------------------------------------------------------------------------------------------


@app.command()
def generate(
    task: Annotated[str, typer.Argument(help="A task with records of its own, such as insurance-cost.")],
    out: Annotated[Path, typer.Option(help="The file to write: .csv or .csv.gz for a table, .npz for images.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same records.")] = 42,
    set_: Set = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    json: JsonFlag = False,
) -> None:
    """Write the records that a task has of its own, synthetic or shipped, to a file."""
    from fedcare.tasks.loading import from_origin
    from fedcare.tasks.overrides import apply
    from fedcare.tasks.registry import get

    settings = parse_settings(set_)
    seed = _seed(settings.pop("seed", str(seed)))
    declared = apply(get(task), settings)
    _check_out(out, declared, force)
    loaded = from_origin(declared, seed)
    _write(out, declared, loaded)
    if json:
        emit({"task": declared.name, "out": str(out), "rows": len(loaded.records), "seed": seed})
    else:
        page.print(
            f"{plural(len(loaded.records), 'record')} of {declared.name} in {out}", markup=False, highlight=False
        )


def _seed(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or int(text) >= 2**63:
        raise BadSetting(setting="seed", value=text, reason="it must be a whole number from 0 to 2^63 - 1")
    return int(text)


def _check_out(out: Path, task: Task, force: bool) -> None:
    endings = (".npz",) if task.records.kind == "image" else (".csv", ".csv.gz")
    if not out.name.lower().endswith(endings):
        raise BadSetting(setting="--out", value=str(out), reason=f"the name must end in {' or '.join(endings)}")
    if out.is_dir() or (out.exists() and not force):
        raise BadSetting(setting="--out", value=str(out), reason="it exists already; add --force to replace a file")


def _write(out: Path, task: Task, loaded: Loaded) -> None:
    """Write beside the place and move there when whole, so that a full disk leaves no half file."""
    from fedcare.data.records import Table
    from fedcare.data.schema import TableSchema

    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".unfinished-{out.name}")
    try:
        if isinstance(loaded.records, Table) and isinstance(task.records, TableSchema):
            from fedcare.data.sources.csv_table import write_table

            write_table(draft, task.records, loaded.records)
        elif not isinstance(loaded.records, Table):
            from fedcare.data.sources.synthetic_images import write_npz

            write_npz(draft, loaded.records)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
