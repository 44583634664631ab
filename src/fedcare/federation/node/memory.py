"""Giving memory back to the machine between two runs: a hospital's node shares it with other programs."""

from __future__ import annotations

import ctypes
import gc
from functools import cache
from typing import Any


def give_back() -> None:
    """Return to the system what is free; the C library keeps what large vectors lay in for the next ones otherwise."""
    gc.collect()
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    """``malloc_trim`` of the GNU C library; None with another one."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
