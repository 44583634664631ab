"""What the node does beside answering: fetch plans, tell how many records there are, renew its certificate.

It runs in a thread of its own and may fail at any time: the next turn makes good what one could not do.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from importlib.metadata import version

import structlog

from fedcare.db import privacy
from fedcare.errors import FedCareError
from fedcare.federation.door.client import Door
from fedcare.federation.node import egress, plans
from fedcare.federation.node.config import CertificateState, NodeConfig, NodeFolder, certificate_state
from fedcare.federation.node.counts import Counts
from fedcare.federation.node.released import TakeIn, Versions
from fedcare.federation.node.store import NodeStore
from fedcare.plan import canonical_json
from fedcare.trust import identity

log = structlog.get_logger("fedcare.node")
EVERY = 5.0


class Sync:
    """Repeats its work every few seconds until it is stopped.

    ``state`` tells what the node is doing; ``take_in`` puts a version on the shelf of the institution's own gateway,
    None where it has none.
    """

    def __init__(
        self,
        folder: NodeFolder,
        config: NodeConfig,
        store: NodeStore,
        state: Callable[[], str],
        take_in: TakeIn | None = None,
    ) -> None:
        self._folder, self._config, self._store, self._state = folder, config, store, state
        self._counts, self._take_in = Counts(config, store), take_in
        self._door, self._certificate = self._open()
        self._logged = ""
        self._known: set[str] = set()
        self._troubles: dict[str, str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, without waiting for a call that hangs."""
        self._stop.set()
        self._thread.join(timeout=1.0)
        self._door.close()

    def turn(self) -> None:
        """Everything once; what fails is said once and does not keep the rest from being done."""
        works: list[tuple[str, Callable[[], None]]] = [
            ("renewing the certificate", self._renew),
            ("fetching plans", self._fetch_plans),
            ("telling the number of records", self._tell),
        ]
        if self._take_in is not None:
            works.append(("fetching models", self._fetch_versions))
        for what, work in works:
            try:
                work()
                self._troubles.pop(what, None)
            except Exception as error:  # A bug here must not end the thread and with it the certificate's renewal.
                self._complain(what, error)

    def _run(self) -> None:
        while True:
            self.turn()
            if self._stop.wait(EVERY):
                return

    def _fetch_plans(self) -> None:
        new = [plan for plan in self._door.plans() if plan["hash"] not in self._known]
        if not new:
            return
        with self._store.transaction() as tx:
            for plan in new:
                if _hash(plan["canonical"]) == plan["hash"] and plans.keep(tx, plan["hash"], plan["canonical"]):
                    log.info("a new plan waits for a decision", plan=plan["hash"][:12])
        self._known.update(plan["hash"] for plan in new)

    def _tell(self) -> None:
        records = self._records()
        text = canonical_json(records)
        if text != self._logged:
            with self._store.transaction() as tx:
                egress.record_counts(tx, self._store.institution_id, text.encode())
            self._logged = text
        self._door.status(records, f"fedcare {version('fedcare')}", self._state())

    def _records(self) -> dict[str, int]:
        """Records by task; noughts where no exact number leaves: of what is under differential privacy here, and of
        everything where the budget says that only that is answered."""
        with self._store.transaction() as tx:
            private_only = privacy.budget(tx).private_only
            secret = {*self._config.records} if private_only else plans.private_tasks(tx) | privacy.charged_tasks(tx)
        told = {} if secret >= {*self._config.records} else self._counts.now()
        return {task: 0 if task in secret else told[task] for task in sorted(self._config.records)}

    def _renew(self) -> None:
        if identity.load(self._folder.path).renewal_due:
            self._door.renew()
            log.info("renewed the certificate")
        if certificate_state(self._folder) != self._certificate:
            self._door.close()
            self._door, self._certificate = self._open()

    def _open(self) -> tuple[Door, CertificateState]:
        state = certificate_state(self._folder)
        return Door(self._config.coordinator, identity.load(self._folder.path)), state

    def _fetch_versions(self) -> None:
        assert self._take_in is not None
        Versions(self._folder, self._door.versions, self._door.version).pull(self._take_in)

    def _complain(self, what: str, error: Exception) -> None:
        reason = str(error) if isinstance(error, FedCareError) else f"{type(error).__name__}: {error}"
        if self._troubles.get(what) != reason:
            self._troubles[what] = reason
            log.warning(f"{what} failed; it is tried again", reason=reason)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
