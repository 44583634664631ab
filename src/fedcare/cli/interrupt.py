"""Ctrl-C in a long run."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType

SOON = b"\nStops after this step; Ctrl-C once more stops at once.\n"


class Interrupt:
    """The first Ctrl-C counts at the next ``check``, between two steps; the second at once, as Python has it.

    An exception in the midst of a step may fall into a destructor, where Python prints and drops it, and the run would
    go on as if nobody had asked.
    """

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._pressed = quiet, False

    def __enter__(self) -> Interrupt:
        self._ours = threading.current_thread() is threading.main_thread()
        if self._ours:
            self._before = signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raises KeyboardInterrupt where Ctrl-C was pressed."""
        if self._pressed:
            raise KeyboardInterrupt

    def _press(self, number: int, frame: FrameType | None) -> None:
        self.check()
        self._pressed = True
        if not self._quiet:
            os.write(2, SOON)
