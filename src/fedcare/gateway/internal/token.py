"""Whether a request comes from the coordinator's own processes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from fedcare.errors import Unauthenticated
from fedcare.gateway.services import CurrentServices
from fedcare.trust.service_token import is_service


async def _only_the_service(request: Request, services: CurrentServices) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not is_service(token.strip(), services.service_token):
        raise Unauthenticated(reason="this address takes the coordinator's service token and nothing else")


FromCoordinator = Annotated[None, Depends(_only_the_service)]
