"""``fedcare node enrol``: an institution's way into the consortium."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from fedcare.cli.node_store import Home
from fedcare.cli.output import JsonFlag, emit, screen
from fedcare.errors import BadSetting, UntrustedCoordinator
from fedcare.settings import settings

Coordinator = Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the coordinator is.")]
Token = Annotated[
    str | None,
    typer.Option(
        help="The one-time token; unset, it is read from FEDCARE_TOKEN or asked for, so that no list shows it."
    ),
]
Fingerprint = Annotated[
    str | None, typer.Option("--ca-fingerprint", help="SHA-256 of the authority, heard another way: compared as well.")
]


def command(
    coordinator: Coordinator,
    token: Token = None,
    ca_fingerprint: Fingerprint = None,
    home: Home = None,
    json: JsonFlag = False,
) -> None:
    """Make this institution's key here, and get a certificate for it with a one-time token."""
    from fedcare.federation.door.client import enrol
    from fedcare.trust import tokens

    if home is not None:
        os.environ["FEDCARE_HOME"] = str(home)
        settings.cache_clear()
    given = token or os.environ.get("FEDCARE_TOKEN") or _asked()
    if ca_fingerprint is not None and _bytes_of(ca_fingerprint) != tokens.split(given)[1]:
        raise UntrustedCoordinator(where=coordinator, reason="the token names another authority than --ca-fingerprint")
    folder, identity = enrol(settings().home / "node", coordinator, given)
    _first_settings(folder, identity.institution, coordinator)
    until = identity.certificate.not_valid_after_utc
    if json:
        emit({"institution": identity.institution, "folder": str(folder), "certificate_until": until.isoformat()})
        return
    screen.print(
        f"{escape(identity.institution)} is enrolled; its certificate counts until {until:%Y-%m-%d} and renews itself."
        f" Say in {escape(str(folder / 'node.toml'))} where its records are, then start it: `fedcare node run`.",
        soft_wrap=True,
    )


def _first_settings(folder: Path, institution: str, coordinator: str) -> None:
    """A ``node.toml`` to fill in; one that is there keeps what it says, but for where the coordinator is."""
    from fedcare.federation.node.config import SETTINGS, NodeConfig, NodeFolder
    from fedcare.trust.files import write_private

    path = folder / SETTINGS
    before = (
        NodeFolder(folder).config() if path.exists() else NodeConfig(institution=institution, coordinator=coordinator)
    )
    if path.exists() and before.coordinator == coordinator:
        return
    write_private(path, before.model_copy(update={"coordinator": coordinator}).to_toml().encode())


def _asked() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Token", hide_input=True, err=True))
    # A script pipes it in: then it stands in no process list and no history.
    found = sys.stdin.readline().strip()
    if not found:
        raise BadSetting(setting="--token", value=None, reason="give it, set FEDCARE_TOKEN, or write it to stdin")
    return found


def _bytes_of(fingerprint: str) -> bytes:
    try:
        return bytes.fromhex(fingerprint.replace(":", ""))
    except ValueError:
        reason = "it is 64 hexadecimal digits"
        raise BadSetting(setting="--ca-fingerprint", value=fingerprint, reason=reason) from None
