"""A run's events as they happen, for as many watchers as there are, over the process's one listening connection."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import Request
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from sqlalchemy import Row
from starlette.concurrency import run_in_threadpool

from fedcare.db.database import Database, Scope
from fedcare.db.runs import CHANNEL, ENDED
from fedcare.db.tables import CONSORTIUM
from fedcare.errors import FedCareError, NotFound
from fedcare.gateway.events import Handler
from fedcare.gateway.training import repository

if TYPE_CHECKING:
    from fedcare.gateway.services import Services

PING_SECONDS, AT_ONCE = 15.0, 500


class Bell:
    """Wakes one watcher; rung from the listener's thread."""

    def __init__(self) -> None:
        self._loop, self._event = asyncio.get_running_loop(), asyncio.Event()

    def ring(self) -> None:
        """Something happened."""
        with suppress(RuntimeError):  # The loop has ended, and its watchers with it.
            self._loop.call_soon_threadsafe(self._event.set)

    def reset(self) -> None:
        """From now on."""
        self._event.clear()

    async def rings_within(self, seconds: float) -> bool:
        """Whether it was rung."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return False
        return True


class Watchers:
    """Who watches which run in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bells: dict[str, set[Bell]] = {}

    def news(self) -> dict[str, Handler]:
        """What to listen to."""
        return {CHANNEL: self._hear}

    @contextmanager
    def watch(self, run_id: UUID) -> Iterator[Bell]:
        """A bell that rings whenever something happens in the run, and when news may have been missed."""
        bell, key = Bell(), str(run_id)
        with self._lock:
            self._bells.setdefault(key, set()).add(bell)
        try:
            yield bell
        finally:
            with self._lock:
                self._bells[key].discard(bell)
                if not self._bells[key]:
                    del self._bells[key]

    def _hear(self, run_id: str | None) -> None:
        with self._lock:
            bells = self._bells.values() if run_id is None else [self._bells.get(run_id, set())]
            woken = [bell for each in bells for bell in each]
        for bell in woken:
            bell.ring()


def look(database: Database, run_id: UUID, after: int) -> tuple[Sequence[Row[Any]], bool]:
    """The events after one, and whether the run had ended before they were read; raises NotFound."""
    with database.transaction(Scope(CONSORTIUM)) as tx:
        run = repository.one(tx, run_id)
        if run is None:
            raise NotFound(what="run")
        return repository.events(tx, run_id, after, AT_ONCE), run.status in ENDED


async def stream(services: Services, request: Request, run_id: UUID, after: int) -> AsyncIterator[bytes]:
    """Every event after one, then those to come, until the run or the session ends.

    What goes wrong on the way ends the stream: browsers come back by themselves and say how far they were.
    """
    with services.watchers.watch(run_id) as bell, suppress(FedCareError):
        while True:
            bell.reset()
            events, ended = await run_in_threadpool(look, services.database, run_id, after)
            for event in events:
                after = event.id
                data = json.dumps(event.data | {"at": event.at.isoformat()})
                yield format_sse_event(data_str=data, event=event.kind, id=str(event.id))
            if len(events) == AT_ONCE:
                continue
            if ended:
                yield format_sse_event(data_str="{}", event="end")
                return
            if not await bell.rings_within(PING_SECONDS):
                yield KEEPALIVE_COMMENT
            # A session that ended, or whose token did, sees no more.
            await run_in_threadpool(services.authenticator.caller, request)
