"""Routes of the domains' routers, each put into the application by itself.

``include_router`` keeps routers inside one another: for every request it walks all of them several times and makes the
route's handler anew, which cost more than a prediction does. Routes that stand in the application itself are made once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fastapi import APIRouter, Depends, Response
from fastapi.routing import APIRoute

NO_CONTENT = 204
# What a route was declared with, by the names that both a route and ``add_api_route`` know.
_DECLARED = (
    "response_model",
    "status_code",
    "tags",
    "summary",
    "description",
    "response_description",
    "responses",
    "deprecated",
    "methods",
    "operation_id",
    "include_in_schema",
    "response_class",
    "name",
    "openapi_extra",
)


def flat(routers: Iterable[APIRouter], prefix: str, before: Callable[..., Any]) -> list[APIRoute]:
    """Every route under ``prefix``; the dependency ``before`` is asked first, whatever the route."""
    made = APIRouter()
    for router in routers:
        for route in router.routes:
            assert isinstance(route, APIRoute), f"{router} holds something else than routes"
            declared = {name: getattr(route, name) for name in _DECLARED}
            if route.status_code == NO_CONTENT:  # What has no body has no type either, which a JSONResponse would.
                declared["response_class"] = Response
            made.add_api_route(
                prefix + route.path,
                route.endpoint,
                dependencies=[Depends(before), *route.dependencies],
                route_class_override=type(route),
                **declared,
            )
    return [route for route in made.routes if isinstance(route, APIRoute)]
