"""What a gateway process has one of, made at its start and handed to every endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from fedcare.db.database import Database
from fedcare.gateway.config import GatewayConfig

if TYPE_CHECKING:
    from fedcare.gateway.auth.authenticator import Authenticator
    from fedcare.gateway.models.shelf import Shelf
    from fedcare.gateway.training.watching import Watchers


@dataclass(frozen=True)
class Services:
    """``authenticator`` knows sessions and signing keys, ``shelf`` the versions that answer.

    ``watchers`` are those who watch a run.
    """

    config: GatewayConfig
    database: Database
    authenticator: Authenticator
    shelf: Shelf
    watchers: Watchers
    # What the coordinator's processes show that they are.
    service_token: str = field(repr=False)


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


CurrentServices = Annotated[Services, Depends(_services)]
