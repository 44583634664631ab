"""What the SuperLink keeps under ``<home>/superlink``: its secrets, and where it listens."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from fedcare.errors import CoordinatorUnreachable
from fedcare.trust.files import locked, private_folder, read_json, write_json, write_private


@dataclass(frozen=True)
class Address:
    """Where it listens, each as ``host:port``: ``public`` for nodes, ``private`` for the coordinator's own programs.

    ``life`` is another after each start: what an earlier process knew is gone.
    """

    public: str
    private: str
    life: str = ""

    @property
    def private_port(self) -> int:
        """The port on loopback."""
        return int(self.private.rpartition(":")[2])


def folder(home: Path) -> Path:
    """The folder, made where it is missing."""
    return private_folder(home / "superlink")


def control_token(home: Path) -> str:
    """The bearer token of the Control interface, made on first use."""
    return _secret(home, "control-token").decode()


def executor_secret(home: Path) -> bytes:
    """The secret with which tasks are acquired, made on first use."""
    return _secret(home, "executor-secret")


def publish(home: Path, address: Address) -> None:
    """Say where it listens."""
    write_json(folder(home) / "address.json", asdict(address))


def address(home: Path) -> Address:
    """Where it listens, or last did; raises CoordinatorUnreachable where it never has."""
    found = read_json(folder(home) / "address.json")
    if found is None:
        raise CoordinatorUnreachable(where=home, reason="it has not been started here: `fedcare coordinator`")
    return Address(**found)


def _secret(home: Path, name: str) -> bytes:
    place = folder(home)
    path = place / name
    with locked(place):
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32).encode())
    return path.read_bytes()
