"""What a run tells the gateway: kept in order until it is taken, told again after a restart, and never waited for."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

LONGEST_PAUSE_SECONDS = 5.0
# What the gateway will never take, however often it is told; all else is a matter of time.
_HOPELESS = frozenset({400, 404, 405, 409, 413, 415, 422})

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Telling:
    """One thing to tell: the JSON ``body``, or an archive with its ``fields``."""

    what: str
    body: dict[str, Any] = field(default_factory=dict)
    archive: Callable[[], bytes] | None = None


class Teller:
    """Posts to ``/api/internal/...`` from a thread of its own, in order, for as long as it takes.

    A gateway that is away delays what is told and nothing else. Every telling is idempotent, so that one whose answer
    got lost is simply told again.
    """

    def __init__(self, url: str, token: str) -> None:
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30.0)
        self._waiting: deque[Telling] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="telling", daemon=True)
        self._thread.start()

    def tell(self, what: str, body: dict[str, Any], archive: Callable[[], bytes] | None = None) -> None:
        """Tell this after all that was said before."""
        with self._changed:
            self._waiting.append(Telling(what, body, archive))
            self._changed.notify_all()

    def finish(self) -> None:
        """Until everything has been told, however long the gateway is away."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting)
        self.close()

    def close(self) -> None:
        """Stop telling; what is left is told by the run's next process."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout=1.0)

    def _work(self) -> None:
        pause = 0.1
        while (telling := self._next()) is not None:
            if self._told(telling):
                pause = 0.1
                with self._changed:
                    self._waiting.popleft()
                    self._changed.notify_all()
            else:
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        self._client.close()

    def _next(self) -> Telling | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            return None if self._closing else self._waiting[0]

    def _told(self, telling: Telling) -> bool:
        try:
            answer = self._post(telling)
        except httpx.HTTPError as error:
            log.debug("the gateway does not answer (%s)", type(error).__name__)
            return False
        if answer.status_code in _HOPELESS:
            log.error("the gateway does not take %s: %s %s", telling.what, answer.status_code, answer.text[:500])
            return True
        if not answer.is_success:
            log.warning("the gateway answers %s to %s", answer.status_code, telling.what)
        return answer.is_success

    def _post(self, telling: Telling) -> httpx.Response:
        path = f"/api/internal/{telling.what}"
        if telling.archive is None:
            return self._client.post(path, json=telling.body)
        files = {"file": ("version.zip", telling.archive(), "application/zip")}
        return self._client.post(path, data=telling.body, files=files)
