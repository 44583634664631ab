"""The worker's life: one at a time in a home, through every outage of the database."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from procrastinate import App, JobContext

from fedcare.db.database import Database
from fedcare.db.jobs import QUEUE, TASK, application
from fedcare.errors import DatabaseUnavailable
from fedcare.federation.work.in_hand import InHand
from fedcare.federation.work.owner import Owner
from fedcare.federation.work.reconciler import Reconciler
from fedcare.federation.work.schedules import Schedules

SWEEP_SECONDS, POLL_SECONDS, AWAY_SECONDS = 5.0, 1.0, 1.0

log = logging.getLogger(__name__)


class Worker:
    """Takes runs from the queue, one at a time, beside a thread that mends and starts what is due."""

    def __init__(self, url: str, home: Path) -> None:
        self._url, self._home = url, home
        self._database = Database(url, pool_size=2)
        self._in_hand = InHand()
        self._reconciler = Reconciler(self._database, home, self._in_hand)
        self._schedules = Schedules(self._database, home)

    def work(self, ready: Callable[[], None]) -> None:
        """For ever. ``ready`` is called once the database has been reached for the first time."""
        self._patiently(lambda: self._reconciler.sweep(at_start=True))
        ready()
        threading.Thread(target=self._tend, name="reconciler", daemon=True).start()
        while True:
            try:
                asyncio.run(self._take_jobs())
            except Exception as error:  # Whatever the queue's client makes of a database that went away.
                log.warning("the queue cannot be reached (%s)", type(error).__name__)
            time.sleep(AWAY_SECONDS)

    async def _take_jobs(self) -> None:
        app = self._application()
        async with app.open_async():
            await app.run_worker_async(
                queues=[QUEUE],
                concurrency=1,
                delete_jobs="always",
                fetch_job_polling_interval=POLL_SECONDS,
                install_signal_handlers=False,
            )

    def _application(self) -> App:
        app = application(self._url)

        @app.task(name=TASK, queue=QUEUE, pass_context=True)
        def carry(context: JobContext, run_id: str) -> None:
            assert context.job.id is not None
            run = UUID(run_id)
            with self._in_hand.taking(context.job.id, run):
                Owner(self._database, self._home, run).carry()

        return app

    def _tend(self) -> None:
        while True:
            time.sleep(SWEEP_SECONDS)
            try:
                self._reconciler.sweep()
                self._schedules.start_due()
            except DatabaseUnavailable:
                log.debug("the database is away")
            except Exception:  # One schedule that cannot be read must not end what keeps all runs owned.
                log.exception("the reconciler failed; it goes on")

    def _patiently(self, act: Callable[[], None]) -> None:
        while True:
            try:
                return act()
            except DatabaseUnavailable:
                time.sleep(AWAY_SECONDS)
