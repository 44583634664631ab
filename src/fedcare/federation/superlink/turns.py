"""One transaction of the SuperLink's state at a time.

SQLite lets one write at a time, and whoever comes second sleeps, up to a tenth of a second at each try, rather than
being woken. With five nodes that send an answer at once, nearly all of a round went by in such sleep. A lock of ours
wakes the next one as soon as the connection is given back.
"""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

# A transaction lasts a few milliseconds. Whoever waits longer goes ahead: SQLite's own lock still keeps the order.
LONGEST_SECONDS = 2.0
_HELD = "fedcare_turn"
_turn = threading.Lock()


def take_turns() -> None:
    """From now on every connection of this process is used alone; call it once, before the state is opened."""
    event.listen(Pool, "checkout", _begin)
    event.listen(Pool, "checkin", _end)


def _begin(_connection: Any, record: Any, _proxy: Any) -> None:
    record.info[_HELD] = _turn.acquire(timeout=LONGEST_SECONDS)


def _end(_connection: Any, record: Any) -> None:
    if record.info.pop(_HELD, False):
        _turn.release()
