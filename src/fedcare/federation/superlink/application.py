"""Flower's SuperLink as an application: authenticated Control, tasks for those who hold the secret, no code fetched."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from flwr.common.constant import ACCESS_TOKEN_KEY, NOOP_ACCOUNT_NAME, NOOP_FLWR_AID
from flwr.supercore.auth.typing import AccountInfo
from flwr.supercore.constant import FLWR_IN_MEMORY_DB_NAME, TASK_TOKEN_HEADER
from flwr.superlink.auth_plugin import NoOpControlAuthnPlugin
from flwr.superlink.cli.flower_superlink import SuperLinkLifespan
from flwr.superlink.config_loader import SuperLinkLifespanConfig
from flwr.superlink.main import create_app

from fedcare.federation.door.answer import NOWHERE, Answer, refused
from fedcare.federation.door.body import Gone, TooMuch, TooSlow, read
from fedcare.federation.door.limits import MEBI, Limits
from fedcare.federation.superlink import places
from fedcare.federation.superlink.handlers import RUNTIME_CALLS, Handlers

PRIVATE_PATHS = ("/v1/control/", "/v1/runtime/", "/health")
"""What the private listener serves: nodes come through the door, on this machine too."""

TASK_TOKEN = TASK_TOKEN_HEADER.encode()
RUNTIME_BYTES = 64 * MEBI
"""The most that a request of the runner may hold: it sends arrays in objects of 5 MiB, too."""

IDLE = {
    "ControlEventLogMiddleware",
    "ControlLicenseMiddleware",
    "FleetEventLogMiddleware",
    "RuntimeTracingMiddleware",
}
"""Layers that do nothing here, for each request: there is no event log, no licence."""


def flower_application(home: Path, private_port: int) -> FastAPI:
    """The SuperLink with its secrets under ``home``.

    What it knows, it knows as long as it lives. Nodes come back by themselves, and a run goes on in a new run of
    Flower's: the coordinator's checkpoint is what counts. On disk the same would cost ten times as much.
    """
    config = SuperLinkLifespanConfig(
        control_address="",
        health_server_address=None,
        host="127.0.0.1",
        port=private_port,
        insecure=True,
        certificates=None,
        superexec_auth_secret=places.executor_secret(home),
        authn_plugin=_BearerPlugin(places.control_token(home)),
        event_log_plugin=None,
        fleet_event_log_plugin=None,
        enable_event_log=False,
        artifact_provider=None,
        # With it no node registers itself: only who enrolled is known.
        enable_supernode_auth=True,
        fleet_api_type="grpc-rere",
        fleet_api_address=None,
        simulation=False,
        ssl_ca_certfile=None,
        ssl_certfile=None,
        ssl_keyfile=None,
        database=FLWR_IN_MEMORY_DB_NAME,
        # "process" starts nothing by itself; the runner acquires its task.
        isolation="process",
        runtime_dependency_install=False,
    )
    application = create_app(config, SuperLinkLifespan)
    application.user_middleware = [
        each for each in application.user_middleware if getattr(each.cls, "__name__", "") not in IDLE
    ]
    return application


class PrivateSide:
    """The application without the nodes' routes; what the runner asks all the time goes straight to its handler."""

    def __init__(self, application: FastAPI, handlers: Handlers) -> None:
        self._application, self._handlers = application, handlers

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, or pass on what is the private side's."""
        if scope["type"] == "http" and not scope["path"].startswith(PRIVATE_PATHS):
            await NOWHERE.send(send)
        elif scope["type"] == "http" and scope["path"] in RUNTIME_CALLS:
            answer = await self._runtime(scope, receive)
            if answer is not None:
                await answer.send(send)
        else:
            await self._application(scope, receive, send)

    async def _runtime(self, scope: Any, receive: Any) -> Answer | None:
        try:
            body = await read(receive, scope["headers"], RUNTIME_BYTES, Limits())
        except (TooMuch, TooSlow):
            return refused(413)
        except Gone:
            return None
        tokens = [value.decode("latin-1") for name, value in scope["headers"] if name == TASK_TOKEN]
        token = tokens[0] if len(tokens) == 1 else ""
        return await asyncio.to_thread(self._handlers.runtime, scope["path"], body, token)


class _BearerPlugin(NoOpControlAuthnPlugin):
    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def validate_tokens_in_metadata(
        self, metadata: Sequence[tuple[str, str | bytes]]
    ) -> tuple[bool, AccountInfo | None]:
        given = dict(metadata).get(ACCESS_TOKEN_KEY, "")
        raw = given if isinstance(given, bytes) else given.encode()
        if not hmac.compare_digest(raw, self._token):
            return False, None
        return True, AccountInfo(flwr_aid=NOOP_FLWR_AID, account_name=NOOP_ACCOUNT_NAME)

    def refresh_tokens(
        self, metadata: Sequence[tuple[str, str | bytes]]
    ) -> tuple[Sequence[tuple[str, str | bytes]] | None, AccountInfo | None]:
        return None, None
