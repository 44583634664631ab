"""Which node a command means, and its institution's part of the database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fedcare.cli.gateway_database import gateway_database
from fedcare.settings import settings

if TYPE_CHECKING:
    from fedcare.federation.node.config import NodeConfig, NodeFolder
    from fedcare.federation.node.store import NodeStore

Institution = Annotated[
    str | None, typer.Option(help="Whose node is meant, where this machine has several institutions' nodes.")
]
Home = Annotated[Path | None, typer.Option(help="The folder of what this machine keeps; unset, FEDCARE_HOME.")]


def at(home: Path | None, institution: str | None) -> tuple[NodeFolder, NodeConfig]:
    """The node's folder and settings; raises NoNode, BadNodeSettings."""
    from fedcare.federation.node.config import find_node

    if home is not None:
        os.environ["FEDCARE_HOME"] = str(home)
        settings.cache_clear()
    folder = find_node(settings().home, institution)
    return folder, folder.config()


@contextmanager
def node_store(home: Path | None, institution: str | None, quiet: bool) -> Iterator[NodeStore]:
    """The institution's part of the database, for one command."""
    from fedcare.federation.node.store import NodeStore

    _, config = at(home, institution)
    with gateway_database(quiet) as database:
        yield NodeStore(database, config.institution)
