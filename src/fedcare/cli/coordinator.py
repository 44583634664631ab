"""``fedcare coordinator``: the door that nodes come through and the worker that runs training, until it is stopped."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from fedcare.cli.gateway_database import serving
from fedcare.cli.output import screen
from fedcare.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedcare.supervision.child import Child

START_SECONDS = 120.0

Host = Annotated[str, typer.Option(help="The address that nodes connect to; 0.0.0.0 for all of this machine's.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The one public port; 0 takes a free one.")]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", help="A host name or address by which nodes reach this machine; may be repeated."),
]


def command(host: Host = "127.0.0.1", port: Port = 8443, name: Names = None) -> None:
    """Let institutions join, and run what is to be trained, until Ctrl-C or SIGTERM.

    On its first start it makes the consortium's authority. A run that is under way goes on with the next start. The
    gateway is told at FEDCARE_GATEWAY_URL how runs go.
    """
    from fedcare.supervision.supervisor import Supervisor

    home = settings().home
    supervisor = Supervisor(home / "logs", _say, home / "coordinator.json")
    with supervisor.stopped_by_signals(), serving(quiet=False, lasting=True) as url, supervisor:
        supervisor.start([door(home, host, port, name or [])])
        supervisor.start([worker(home, url)])
        _say("The coordinator is up; Ctrl-C stops it.")
        supervisor.wait()


def door(home: Path, host: str, port: int, names: list[str]) -> Child:
    """The process with the public port."""
    from fedcare.supervision.child import Child

    named = [word for each in names for word in ("--name", each)]
    argv = (sys.executable, "-m", "fedcare.federation.superlink", "--host", host, "--port", str(port), *named)
    ready = _rewritten(home / "superlink" / "address.json")
    return Child("door", argv, {"FEDCARE_HOME": str(home)}, ready, START_SECONDS)


def worker(home: Path, database_url: str) -> Child:
    """The process that takes runs from the queue; what it trains dies with it and goes on with the next."""
    from fedcare.supervision.child import Child

    environment = {"FEDCARE_HOME": str(home), "DATABASE_URL": database_url}
    return Child("worker", (sys.executable, "-m", "fedcare.federation.work"), environment)


def _rewritten(path: Path) -> Callable[[], bool]:
    """Whether a file has been written since now."""

    def moment() -> int:
        return path.stat().st_mtime_ns if path.exists() else 0

    before = moment()
    return lambda: moment() != before


def _say(text: str) -> None:
    screen.print(escape(text), highlight=False, soft_wrap=True)
