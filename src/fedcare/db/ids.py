"""Keys that sort by the time they were made."""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

RANDOM_BITS = 74
# A key exceeds the one before it in its millisecond by up to 2^41: not to be guessed, and room for billions of them.
STEP_BITS = 41

_lock = threading.Lock()
_last = [0]


def new_id() -> UUID:
    """A UUID of version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 74 random bits.

    New rows stand side by side in the index, and a key tells nothing but when it was made. Keys of one process rise
    strictly, also within a millisecond and when the clock is set back (section 6.2, method 2: the random bits of the
    key before, plus a random number), so that a list ordered by key shows what happened in the order it happened.
    """
    fresh = time.time_ns() // 1_000_000 << RANDOM_BITS | int.from_bytes(os.urandom(10), "big") >> (80 - RANDOM_BITS)
    step = 1 + (int.from_bytes(os.urandom(6), "big") >> (48 - STEP_BITS))
    with _lock:
        same = fresh >> RANDOM_BITS <= _last[0] >> RANDOM_BITS
        _last[0] = value = _last[0] + step if same else fresh
    milliseconds, random = value >> RANDOM_BITS, value & (1 << RANDOM_BITS) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1)
