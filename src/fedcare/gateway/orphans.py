"""A worker process whose supervisor was killed must not go on serving: nobody could stop it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading


def end_with_parent() -> None:
    """Stop as on SIGTERM when the process that started this one is gone; does nothing in a process of its own."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="fedcare-parent", daemon=True).start()
