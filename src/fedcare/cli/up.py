"""``fedcare up``: a whole consortium on one machine, as the real processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from fedcare.cli.gateway_database import serving
from fedcare.cli.output import screen, working
from fedcare.errors import AlreadyRunning
from fedcare.settings import settings

if TYPE_CHECKING:
    from fedcare.cli.up_consortium import Place
    from fedcare.cli.up_processes import Layout
    from fedcare.db.database import Database

TASKS = ("insurance-cost", "cancer-imaging")
"""What every institution has records of."""

Port = Annotated[int, typer.Option(min=0, max=65535, help="The gateway's port; 0 takes a free one.")]
Institutions = Annotated[
    int | None, typer.Option(min=2, max=50, help="How many there are; 5 at first, later what was made then.")
]
Demo = Annotated[
    bool,
    typer.Option(
        "--demo",
        help="Make accounts to sign in with, train each built-in task that has no model, and begin a run to watch for"
        " the first who comes later.",
    ),
]
UntilDone = Annotated[bool, typer.Option("--until-done", help="Stop once all is up and --demo has trained.")]


def command(
    port: Port = 8000, institutions: Institutions = None, demo: Demo = False, until_done: UntilDone = False
) -> None:
    """Run a consortium on this machine: database, gateway, coordinator, and a node for each institution.

    The first start makes everything, with synthetic patients and images; later ones go on with what is there. Each
    process has a log under FEDCARE_HOME/logs, and one that dies is replaced. Ctrl-C stops them all.
    """
    from fedcare.cli.up_consortium import enrol
    from fedcare.cli.up_ports import Ports
    from fedcare.cli.up_processes import coordinator, gateway, lay_out, nodes
    from fedcare.supervision.supervisor import Supervisor

    home = settings().home
    supervisor = Supervisor(home / "logs", _say, home / "processes.json")
    with supervisor.stopped_by_signals(), serving(quiet=False, lasting=True) as url, _alone(home), Ports() as ports:
        layout = lay_out(home, url, port, institutions, ports)
        with _pool(url) as database:
            places = _prepare(database, layout)
            with supervisor:
                door, worker = coordinator(layout)
                supervisor.start([gateway(layout), door])
                _welcome(database, layout, places, demo)
                enrol(layout, places, TASKS)
                supervisor.start([worker])
                supervisor.start(nodes(layout, places))
                _say(f"{len(places)} institutions are connected.")
                guests = _trained(database, layout, places) if demo else None
                if not until_done:
                    _say(f"Everything is up at {layout.gateway_url}; Ctrl-C stops it.")
                    if guests:
                        guests()
                    supervisor.wait()
    _say("Stopped.")


def _trained(database: Database, layout: Layout, places: list[Place]) -> Callable[[], None]:
    """Make the first runs; what to do then: begin a run for the first guest, unless they saw one of those."""
    from fedcare.cli.up_demo import first_runs, has_come, run_to_watch, wait_for_guest

    began, hospital = datetime.now(UTC), places[0].id
    trained = first_runs(database, layout, len(places), _say)

    def receive() -> None:
        if not (trained and has_come(database, hospital, began)):
            wait_for_guest(database, hospital, began)
            run_to_watch(database, layout, len(places), _say)

    return receive


def _prepare(database: Database, layout: Layout) -> list[Place]:
    """Institutions, their records and their standing rules, as far as they are not there yet."""
    from fedcare.cli.gateway_database import command_line
    from fedcare.cli.up_consortium import admit, allow
    from fedcare.cli.up_seeding import seed_institution, shares

    with working("Preparing institutions, patients and images", quiet=False):
        divided = shares(layout.institutions)
        places = admit(database, divided)
        for place in places:
            images = layout.images(place.slug)
            seed_institution(database, command_line(), place.id, place.name, divided[place.name], layout.home, images)
        allow(database, places, TASKS)
    return places


def _welcome(database: Database, layout: Layout, places: list[Place], demo: bool) -> None:
    """Where it is, and how somebody gets in."""
    from fedcare.cli.up_consortium import people
    from fedcare.gateway.auth.invitations import invite_first_admin

    _say(f"FedCare is at {layout.gateway_url}")
    if demo and (login := people(database, places, layout.home / "keys" / "demo-login")):
        first = places[0].slug
        _say(f"Sign in as admin@{first}.example with the password {login.password}")
        _say(f"You are then the administrator of {places[0].name}. The same password is that of a doctor there,")
        _say(f"doctor@{first}.example, and of {login.email}, who starts runs and sees no patient.")
    elif invitation := invite_first_admin(database):
        _say("Nobody has an account yet. The consortium's first administrator is made, once, within a week, with this")
        _say(f"token at {layout.gateway_url}/welcome:")
        _say(invitation)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Only one of this command works in a home; raises AlreadyRunning."""
    from fedcare.db.owner_lock import OwnerLock

    lock = OwnerLock(home / "up.lock")
    if not lock.acquire():
        raise AlreadyRunning(home=home, pid=lock.read().owner)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _pool(url: str) -> Iterator[Database]:
    from fedcare.db.database import Database

    pool = Database(url, pool_size=1)
    try:
        yield pool
    finally:
        pool.close()


def _say(text: str) -> None:
    screen.print(escape(text), highlight=False, soft_wrap=True)
