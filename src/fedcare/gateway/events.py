"""News between gateways, carried by PostgreSQL: which session ended, which version answers now."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import structlog
from psycopg import sql
from sqlalchemy import Connection, text

from fedcare.db.urls import without_driver

log = structlog.get_logger("fedcare.gateway")
WAKE_SECONDS, RETRY_SECONDS = 1.0, 0.5

Handler = Callable[[str | None], None]


def tell(tx: Connection, channel: str, payload: str = "") -> None:
    """Tell every gateway, when the transaction commits."""
    tx.execute(text("select pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload})


class Listener:
    """A thread that listens on one connection of its own and makes a new one when that breaks.

    A handler gets each message's payload; and None after every connection, since news may have been missed: reload.
    ``connected`` is false while news cannot arrive: what must not be stale is then to be looked up.
    """

    def __init__(self, url: str, handlers: dict[str, Handler]) -> None:
        self._url, self._handlers = without_driver(url), handlers
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fedcare-listener", daemon=True)
        self.connected = False

    def start(self) -> None:
        """Begin; handlers are called from the listener's thread."""
        self._thread.start()

    def stop(self) -> None:
        """End within a second."""
        self._stop.set()
        self._thread.join(5 * WAKE_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._connect() as connection:
                    self._listen(connection)
            except psycopg.Error as error:
                self.connected = False
                log.warning("listener_lost", error=type(error).__name__)
                self._stop.wait(RETRY_SECONDS)

    def _connect(self) -> psycopg.Connection:
        # A server whose machine is gone sends no news and no end either: notice within seconds.
        return psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=3,
            keepalives_idle=2,
            keepalives_interval=1,
            keepalives_count=3,
        )

    def _listen(self, connection: psycopg.Connection) -> None:
        for channel in self._handlers:
            connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
        for handler in self._handlers.values():
            self._call(handler, None)
        self.connected = True
        while not self._stop.is_set():
            for news in connection.notifies(timeout=WAKE_SECONDS, stop_after=1):
                self._call(self._handlers[news.channel], news.payload)

    @staticmethod
    def _call(handler: Handler, payload: str | None) -> None:
        try:
            handler(payload)
        except Exception as error:  # One handler's failure must not deafen the others.
            log.error("news_not_handled", error=type(error).__name__)
