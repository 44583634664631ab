"""The ``fedcare`` program: its commands, and the one place where a failure becomes a line and an exit code."""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback

import click
import typer

from fedcare.cli import (
    audit,
    coordinator,
    data,
    db,
    gateway,
    institutions,
    models,
    node,
    predict,
    privacy,
    runs,
    simulate,
    tasks,
    train,
    train_local,
    up,
    workers,
)
from fedcare.errors import BadUsage, FedCareError, StorageFull

app = typer.Typer(
    name="fedcare",
    help="Hospitals train one model together without moving a patient record.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("simulate")(simulate.command)
app.command("train")(train.command)
app.command("train-local")(train_local.command)
app.command("coordinator")(coordinator.command)
app.command("up")(up.command)
app.command("predict")(predict.command)
app.add_typer(tasks.app, name="tasks")
app.add_typer(data.app, name="data")
app.add_typer(runs.app, name="runs")
app.add_typer(models.app, name="models")
app.add_typer(db.app, name="db")
app.add_typer(audit.app, name="audit")
app.add_typer(gateway.app, name="gateway")
app.add_typer(institutions.app, name="institutions")
app.add_typer(workers.app, name="workers")
app.add_typer(node.app, name="node")
app.add_typer(privacy.app, name="privacy")


def main() -> None:
    """Run the command line; never shows a traceback unless FEDCARE_TRACEBACK is set."""
    sys.exit(_run())


def _run() -> int:
    try:
        result = app(standalone_mode=False)
    except click.exceptions.Abort:
        return 130
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except Exception as error:  # The last line of defence: a user gets a sentence, not a stack.
        return _report(_explained(error))
    return result if isinstance(result, int) else 0


def _explained(error: Exception) -> FedCareError:
    """What went wrong as one of the catalogue's errors."""
    if isinstance(error, FedCareError):
        return error
    if isinstance(error, click.ClickException):
        return BadUsage(reason=error.format_message(), command=_named(error))
    if isinstance(error, OSError):
        return _from_system(error)
    if os.environ.get("FEDCARE_TRACEBACK"):
        traceback.print_exception(error)
    return FedCareError(reason=f"{type(error).__name__}: {error}. FEDCARE_TRACEBACK=1 shows where.")


def _named(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "fedcare"


def _from_system(error: OSError) -> FedCareError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(path=error.filename or "the output folder", reason="the disk is full")
    return FedCareError(reason=f"{error.strerror or error}: {error.filename or ''}".strip(": "))


def _report(error: FedCareError) -> int:
    if "--json" in sys.argv:
        print(json.dumps(error.to_json()))  # noqa: T201
    else:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201
    return error.exit_code
