"""The application: its routes, what stands before them, and what starts and ends with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware

from fedcare.db.database import Database
from fedcare.db.server import place
from fedcare.gateway.audit.anchors import FILE as ANCHORS
from fedcare.gateway.audit.endpoints import router as audit
from fedcare.gateway.auth.authenticator import Authenticator
from fedcare.gateway.auth.endpoints import router as auth
from fedcare.gateway.config import GatewayConfig, from_environment
from fedcare.gateway.console import add_console
from fedcare.gateway.events import Listener
from fedcare.gateway.failures import handle_failures
from fedcare.gateway.flat_routes import flat
from fedcare.gateway.guard import guard
from fedcare.gateway.housekeeping import Housekeeping
from fedcare.gateway.institutions.endpoints import router as institutions
from fedcare.gateway.internal.endpoints import router as internal
from fedcare.gateway.logs import log_as_json
from fedcare.gateway.middleware import Gate
from fedcare.gateway.models.endpoints import router as models
from fedcare.gateway.models.shelf import Shelf
from fedcare.gateway.monitoring.endpoints import router as monitoring
from fedcare.gateway.monitoring.endpoints import scraped
from fedcare.gateway.orphans import end_with_parent
from fedcare.gateway.patients.endpoints import router as patients
from fedcare.gateway.plans.endpoints import router as plans
from fedcare.gateway.predictions.endpoints import router as predictions
from fedcare.gateway.privacy.endpoints import router as privacy
from fedcare.gateway.schedules.endpoints import router as schedules
from fedcare.gateway.services import Services
from fedcare.gateway.training.endpoints import router as training
from fedcare.gateway.training.watching import Watchers
from fedcare.settings import settings
from fedcare.trust.service_token import service_token

# Routes are tried one after the other, so those that are asked for most come first.
ROUTERS = (
    predictions,
    patients,
    monitoring,
    auth,
    institutions,
    models,
    audit,
    training,
    internal,
    schedules,
    plans,
    privacy,
)
DESCRIPTION = (
    "Patients, predictions, models, training and the audit log of one FedCare gateway. Sign in at `/api/auth/login`;"
    " browsers get cookies and send the CSRF token back in `X-CSRF-Token`, machines send the access token as a Bearer"
    " header."
)


def create_app(config: GatewayConfig, database: Database) -> FastAPI:
    """A gateway over a database that ``Database.check`` has accepted."""
    authenticator, shelf = Authenticator(config, database), Shelf(config.home / "models", database)
    watchers = Watchers()
    listener = Listener(database.url, authenticator.news() | shelf.news() | watchers.news())
    authenticator.fresh = lambda: listener.connected
    housekeeping = Housekeeping(database, config.home / ANCHORS, config.database_place or place(database.url))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        listener.start()
        housekeeping.start()
        yield
        housekeeping.stop()
        listener.stop()
        database.close()

    app = FastAPI(
        title="FedCare",
        version=version("fedcare"),
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.services = Services(config, database, authenticator, shelf, watchers, service_token(config.home))
    handle_failures(app)
    app.router.routes.extend(routes())
    add_console(app)
    if config.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(config.origins),
            allow_credentials=True,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "Idempotency-Key", "X-CSRF-Token"],
            expose_headers=[
                "ETag",
                "Location",
                "Content-Disposition",
                "Idempotency-Replayed",
                "X-Request-Id",
                "Retry-After",
            ],
        )
    app.add_middleware(Gate, body_bytes=config.body_bytes, upload_bytes=config.upload_bytes)
    return app


@cache
def routes() -> list[APIRoute]:
    """Every route of the API. They belong to no application, so a process makes them once, however many it starts."""
    return [*flat(ROUTERS, prefix="/api", before=guard), *flat([scraped], prefix="", before=guard)]


def application() -> FastAPI:
    """The application of a worker process, as its environment says; for uvicorn."""
    log_as_json()
    end_with_parent()
    database = Database(settings().database_url or "")
    database.check()
    return create_app(from_environment(), database)
