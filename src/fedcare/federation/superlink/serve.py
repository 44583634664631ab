"""The process: one SuperLink, its private listener, its door, and what keeps them in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from fedcare.errors import CoordinatorUnreachable, PortTaken
from fedcare.federation.door.consortium import Consortium
from fedcare.federation.door.gate import Gate
from fedcare.federation.door.limits import Limits
from fedcare.federation.door.listener import Certificate, DoorServer, QuietServer
from fedcare.federation.door.members import Members
from fedcare.federation.door.protocol import Threshold
from fedcare.federation.door.statuses import Statuses
from fedcare.federation.superlink import places
from fedcare.federation.superlink.application import PrivateSide, flower_application
from fedcare.federation.superlink.control import Control
from fedcare.federation.superlink.handlers import Handlers
from fedcare.federation.superlink.seen import Seen
from fedcare.trust.authority import Authority
from fedcare.trust.service_token import service_token

log = logging.getLogger("fedcare.door")

LOOK_SECONDS = 0.5
"""How often it looks for revoked certificates and new members."""
RENEW_SECONDS = 60.0


@dataclass(frozen=True)
class Places:
    """Where to listen; a port of 0 takes a free one. ``hosts`` are the names by which nodes reach the door."""

    host: str
    port: int
    private_port: int
    hosts: Sequence[str]


def serve(home: Path, where: Places, limits: Limits, ready: Callable[[places.Address], None]) -> None:
    """Serve until SIGTERM or SIGINT. ``ready`` is called once both listen."""
    factory = uvicorn.Config("", loop="auto").get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_serve(home, where, limits, ready))


async def _serve(home: Path, where: Places, limits: Limits, ready: Callable[[places.Address], None]) -> None:
    # 1. Sockets first, so that a port that is taken is said before anything is made.
    public, private = _listening(where.host, where.port), _private(home, where.private_port)
    told = places.Address(_named(public, where.hosts), _named(private, ["127.0.0.1"]), secrets.token_hex(8))
    # 2. The consortium's authority, and Flower.
    authority = Authority.open(home / "consortium")
    flower = flower_application(home, private.getsockname()[1])
    state = flower.state.linkstate_factory.state()
    # 3. The door before it.
    members = Members(authority, lambda: Control(told.private, places.control_token(home)))
    statuses = Statuses()
    threshold = Threshold(authority, limits)
    consortium = Consortium(
        home,
        authority,
        statuses,
        lambda key: state.get_node_id_by_public_key(key.encode()),
        members.settle,
        Seen(home).note,
    )
    certificate = Certificate(authority, where.hosts)
    handlers = Handlers(state)
    inside = _inside(PrivateSide(flower, handlers))
    outside = DoorServer(Gate(handlers, consortium, threshold), threshold, certificate.context, "auto")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # 4. Inside first: the door registers who may come.
    async with contextlib.AsyncExitStack() as running:
        await _start(running, inside, private)
        await asyncio.to_thread(members.settle)
        await _start(running, outside, public)
        for duty in (
            _watch(threshold, members),
            _keep_fresh(certificate),
            statuses.forward(
                os.environ.get("FEDCARE_GATEWAY_URL", "http://127.0.0.1:8000"), lambda: service_token(home)
            ),
        ):
            task = asyncio.create_task(duty)
            running.callback(task.cancel)
        places.publish(home, told)
        ready(told)
        await stop.wait()


def _inside(application: PrivateSide) -> QuietServer:
    return QuietServer(
        uvicorn.Config(
            application, ws="none", lifespan="on", log_config=None, access_log=False, server_header=False,
            proxy_headers=False, timeout_keep_alive=75, timeout_graceful_shutdown=5,
        )
    )  # fmt: skip


async def _start(running: contextlib.AsyncExitStack, server: uvicorn.Server, where: socket.socket) -> None:
    task = asyncio.create_task(server.serve(sockets=[where]))
    while not server.started:
        if task.done():
            task.result()
            raise RuntimeError("a listener ended while it started")
        await asyncio.sleep(0.01)

    async def stop() -> None:
        server.should_exit = True
        await task

    running.push_async_callback(stop)


async def _watch(threshold: Threshold, members: Members) -> None:
    async def look() -> None:
        threshold.turn_out()
        await asyncio.to_thread(members.settle_if_changed)

    await _repeat(LOOK_SECONDS, look)


async def _keep_fresh(certificate: Certificate) -> None:
    async def look() -> None:
        # Loading takes microseconds and must not meet a handshake of the same context in another thread.
        if certificate.renew():
            log.info("the door has a new certificate")

    await _repeat(RENEW_SECONDS, look)


async def _repeat(seconds: float, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await act()
        except Exception:  # A full disk must not end what keeps revoked institutions out.
            log.exception("a duty of the door failed; it is tried again")


def _private(home: Path, port: int) -> socket.socket:
    """The listener on loopback; where any port will do, the last one, if it is free: others may still know it."""
    if port == 0:
        with contextlib.suppress(PortTaken, CoordinatorUnreachable, ValueError):
            return _listening("127.0.0.1", places.address(home).private_port)
    return _listening("127.0.0.1", port)


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
    except OSError as error:
        raise PortTaken(host=host, port=port, reason=error.strerror or str(error)) from None
    return listener


def _named(listener: socket.socket, hosts: Sequence[str]) -> str:
    """Its address by the first of its names."""
    name = f"[{hosts[0]}]" if ":" in hosts[0] else hosts[0]
    return f"{name}:{listener.getsockname()[1]}"
