"""No run that has not ended is without a live owner for long: what a killed process left is found and queued again."""

from __future__ import annotations

import logging
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, Row, select

from fedcare.db.database import Database
from fedcare.db.jobs import being_done, is_queued, put_back, queue_run
from fedcare.db.runs import ENDED, hold, set_status
from fedcare.db.tables import training_runs
from fedcare.federation.run.place import RunPlace
from fedcare.federation.work.claims import EVERYBODY
from fedcare.federation.work.in_hand import InHand

log = logging.getLogger(__name__)


class Reconciler:
    """Compares the database, the queue and the processes, and mends what does not fit.

    There is one worker in a home at a time, so a job that is being done and not in this worker's hands is a dead one's.
    """

    def __init__(self, database: Database, home: Path, in_hand: InHand) -> None:
        self._database, self._home, self._in_hand = database, home, in_hand
        self._suspects: set[int] = set()

    def sweep(self, at_start: bool = False) -> None:
        """Put back jobs of dead workers, then queue runs that nobody owns; raises DatabaseUnavailable.

        A job that was just taken is not in hand yet: beside a working worker, only what is amiss twice is put back.
        """
        with self._database.transaction(EVERYBODY) as tx:
            lost = being_done(tx) - self._in_hand.jobs()
            for job_id in lost if at_start else lost & self._suspects:
                log.warning("job %s was a dead worker's; it is queued again", job_id)
                put_back(tx, job_id)
            self._suspects = lost
            for run_id in tx.execute(
                select(training_runs.c.id).where(training_runs.c.completed_at.is_(None))
            ).scalars():
                self._mend(tx, run_id)

    def _mend(self, tx: Connection, run_id: UUID) -> None:
        place = RunPlace(self._home, str(run_id))
        if self._in_hand.has(run_id) or place.has_owner():
            return
        row = hold(tx, run_id)
        if row is not None and row.status not in ENDED:
            self._mend_held(tx, row)

    def _mend_held(self, tx: Connection, row: Row[object]) -> None:
        if row.stop_requested and row.status == "queued":
            set_status(tx, row, "stopped", reason="stopped before it began, as asked")
        elif not is_queued(tx, row.id):
            log.warning("run %s has no owner; it is queued again", row.id)
            queue_run(tx, row.id)
