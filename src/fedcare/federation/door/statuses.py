"""What nodes last said about themselves, passed on to the gateway as well as it can be."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, ConfigDict, Field

from fedcare.federation.door.peer import Peer

log = logging.getLogger("fedcare.door")

Name = Annotated[str, Field(max_length=100)]
SECONDS = 2.0


class Status(BaseModel):
    """Counts only: how many usable records the institution has for each task, its software, what it is doing."""

    model_config = ConfigDict(extra="forbid", strict=True)

    records: Annotated[dict[Name, Annotated[int, Field(ge=0, le=2**40)]], Field(max_length=100)]
    software: Name = ""
    state: Name = ""


class Statuses:
    """The newest status of each institution, in memory: they come again within seconds after a restart."""

    def __init__(self) -> None:
        self._newest: dict[str, dict[str, Any]] = {}
        self._untold: set[str] = set()

    def note(self, peer: Peer, status: Status, node_id: int | None) -> None:
        """Keep what a node said."""
        self._newest[peer.institution] = {
            "institution": peer.institution,
            # A 64-bit number, which JSON's readers in browsers would round.
            "node_id": None if node_id is None else str(node_id),
            "records": status.records,
            "software": status.software,
            "state": status.state,
            "certificate_expires_at": peer.certificate.not_valid_after_utc.isoformat(),
        }
        self._untold.add(peer.institution)

    async def forward(self, gateway: str, token: Callable[[], str]) -> None:
        """Tell the gateway what is new, for ever; it may be away for as long as it likes."""
        reachable = True
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while True:
                await asyncio.sleep(SECONDS)
                told = set(self._untold)
                if not told:
                    continue
                # Cleared before the call: what comes during it is told the next time.
                self._untold -= told
                try:
                    body = {"clients": [self._newest[name] for name in sorted(told)]}
                    headers = {"authorization": f"Bearer {token()}"}
                    answer = await client.post(f"{gateway}/api/internal/clients", json=body, headers=headers)
                    answer.raise_for_status()
                    reachable = True
                except (httpx.HTTPError, OSError) as error:
                    self._untold |= told
                    if reachable:
                        log.warning("the gateway does not take statuses: %s", error)
                    reachable = False
