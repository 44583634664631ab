"""``fedcare tasks``: what can be learned, and with which settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fedcare.cli.output import JsonFlag, emit, page
from fedcare.errors import BadTaskFile

if TYPE_CHECKING:
    from fedcare.tasks.spec import Task

app = typer.Typer(help="List the tasks, or show one with all its settings.", invoke_without_command=True)


@app.callback()
def overview(context: typer.Context, json: JsonFlag = False) -> None:
    """List the tasks, or show one with all its settings."""
    if context.invoked_subcommand is None:
        list_tasks(json)


@app.command("list")
def list_tasks(json: JsonFlag = False) -> None:
    """List the tasks that are installed."""
    rows = _rows()
    if json:
        emit({"tasks": rows})
        return
    from rich.table import Table

    table = Table("Task", "Learns", "Target", "Own records")
    for row in rows:
        table.add_row(row["name"], row.get("title") or row["error"], row.get("target", ""), row.get("origin") or "-")
    page.print(table)


def _rows() -> list[dict[str, Any]]:
    """One entry a task; one that a third party broke is listed with its error."""
    from fedcare.tasks.registry import get, names

    rows: list[dict[str, Any]] = []
    for name in names():
        try:
            rows.append(_row(get(name)))
        except BadTaskFile as error:
            rows.append({"name": name, "error": str(error)})
    return rows


def _row(task: Task) -> dict[str, Any]:
    return {
        "name": task.name,
        "title": task.title,
        "records": task.records.kind,
        "kind": task.kind,
        "target": task.records.target.name,
        "metric": task.deciding_metric,
        "origin": task.origin,
    }


@app.command()
def show(
    task: Annotated[str, typer.Argument(help="A task's name, or the path of a TOML file.")], json: JsonFlag = False
) -> None:
    """Show a task: its target, its features and every setting that --set reaches."""
    from fedcare.tasks.overrides import settings_of
    from fedcare.tasks.registry import get

    declared = get(task)
    if json:
        settings = {setting.key: setting.value for setting in settings_of(declared)}
        emit({**declared.model_dump(mode="json"), "settings": settings})
        return
    page.print(f"{declared.name}: {declared.title}\n{declared.description}".strip(), markup=False, highlight=False)
    page.print(f"Target: {_target(declared)}; decided by {declared.deciding_metric}", markup=False, highlight=False)
    _show_features(declared)
    _show_settings(declared)


def _target(task: Task) -> str:
    target = task.records.target
    also = f" (or {', '.join(target.aliases)})" if target.aliases else ""
    what = f" of {', '.join(target.classes)}" if target.classes else f" in {target.unit}" if target.unit else ""
    return f"{target.name}{also}, {target.kind}{what}"


def _show_features(task: Task) -> None:
    from rich.markup import escape
    from rich.table import Table

    from fedcare.data.schema import TableSchema

    if not isinstance(task.records, TableSchema):
        page.print(f"Images: grey, {task.records.image_size} x {task.records.image_size} pixels", highlight=False)
        return
    table = Table("Feature", "Values", "Missing", title="Features", title_justify="left")
    for number in task.records.numeric:
        ends = ["" if end is None else f"{end:g}" for end in (number.minimum, number.maximum)]
        span = f"{ends[0]} to {ends[1]} {number.unit}" if any(ends) else number.unit or "any number"
        table.add_row(
            escape(number.name),
            escape(span.strip()),
            number.impute if isinstance(number.impute, str) else f"{number.impute:g}",
        )
    for category in task.records.categorical:
        table.add_row(escape(category.name), escape(", ".join(category.categories)), category.impute)
    page.print(table)


def _show_settings(task: Task) -> None:
    from rich.markup import escape
    from rich.table import Table

    from fedcare.tasks.overrides import settings_of

    table = Table("Setting", "Value", title="Settings, changed with --set KEY=VALUE", title_justify="left")
    for setting in settings_of(task):
        value = setting.value
        shown = ", ".join(map(repr, value)) if isinstance(value, tuple) else str(value)
        table.add_row(setting.key, escape(shown))
    page.print(table)
