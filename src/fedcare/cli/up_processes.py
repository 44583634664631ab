"""The processes of ``fedcare up``: where each listens, its command, and how it shows that it serves."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fedcare.errors import BadSetting, PortTaken
from fedcare.ports import HOST
from fedcare.settings import settings
from fedcare.supervision.child import Child

if TYPE_CHECKING:
    from fedcare.cli.up_consortium import Place
    from fedcare.cli.up_ports import Ports

USUAL_COUNT, USUAL_DOOR = 5, 8443
START_SECONDS = 180.0
"""How long a process may take to serve: on a busy machine loading the libraries alone takes a minute."""

_FEDCARE = (sys.executable, "-m", "fedcare")


@dataclass(frozen=True)
class Layout:
    """Where everything is. ``door`` is the coordinator's public port, the same while nobody else takes it."""

    home: Path
    database_url: str
    port: int
    door: int
    institutions: int

    @property
    def gateway_url(self) -> str:
        """The gateway's address."""
        return f"http://{HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What every process is told."""
        from fedcare.gateway.audit.anchors import EMBEDDED
        from fedcare.gateway.config import PLACE

        # They get an address, but it is the embedded server's, whose port may be another one tomorrow.
        embedded = {PLACE: EMBEDDED} if settings().database_url is None else {}
        return embedded | {
            "FEDCARE_HOME": str(self.home),
            "DATABASE_URL": self.database_url,
            "FEDCARE_GATEWAY_URL": self.gateway_url,
        }

    @property
    def coordinator(self) -> str:
        """Where nodes reach the coordinator."""
        return f"{HOST}:{self.door}"

    def images(self, slug: str) -> Path:
        """The folder of an institution's image files."""
        return self.home / "images" / slug


def lay_out(home: Path, database_url: str, port: int, institutions: int | None, ports: Ports) -> Layout:
    """The layout of an earlier start, with this gateway's port (0: any); or a new one.

    No other consortium gets its ports while ``ports`` holds them. Raises PortTaken, BadSetting.
    """
    kept = home / "up.json"
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    count = before.get("institutions", institutions or USUAL_COUNT)
    if institutions not in {None, count}:
        reason = f"{home} was made for {count}; choose another FEDCARE_HOME"
        raise BadSetting(setting="--institutions", value=institutions, reason=reason)
    if port and not ports.take(port):
        raise PortTaken(host=HOST, port=port, reason="another program listens there")
    door = ports.near(before.get("door", USUAL_DOOR))
    layout = Layout(home, database_url, port or ports.some(), door, count)
    part = kept.with_suffix(".part")
    part.write_text(json.dumps({"door": door, "institutions": count}), encoding="utf-8")
    part.rename(kept)
    return layout


def gateway(layout: Layout) -> Child:
    """The HTTP API."""

    def ready() -> bool:
        with urllib.request.urlopen(f"{layout.gateway_url}/api/health", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)

    argv = (*_FEDCARE, "gateway", "--port", str(layout.port), "--supervised")
    return Child("gateway", argv, layout.environment, ready, START_SECONDS, grace=35)


def coordinator(layout: Layout) -> tuple[Child, Child]:
    """The door, then the worker."""
    from fedcare.cli.coordinator import door, worker

    made = door(layout.home, HOST, layout.door, []), worker(layout.home, layout.database_url)
    return replace(made[0], env=layout.environment), replace(made[1], env=layout.environment)


def nodes(layout: Layout, places: Sequence[Place]) -> list[Child]:
    """Each institution's node."""
    return [_node(layout, place) for place in places]


def _node(layout: Layout, place: Place) -> Child:
    from fedcare.federation.node.config import NodeFolder

    argv = (*_FEDCARE, "node", "run", "--institution", place.name)
    # What it keeps of its connection to the coordinator is written once there is one.
    connection = NodeFolder(layout.home / "node" / place.slug).file("state")
    before = _changed_at(connection)
    ready = partial(_has_changed, connection, before)
    return Child(f"node-{place.slug}", argv, layout.environment, ready, START_SECONDS, grace=30)


def _has_changed(path: Path, before: int) -> bool:
    return _changed_at(path) != before


def _changed_at(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0
