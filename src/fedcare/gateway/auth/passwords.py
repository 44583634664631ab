"""Passwords: hashed with argon2id, and checked in the same time whether or not there is an account."""

from __future__ import annotations

from argon2 import Type
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

LEAST_LENGTH, MOST_LENGTH = 12, 128


class Passwords:
    """Hashes with OWASP's profile (19 MiB, two passes, one lane: 34 ms); ``light`` is for tests alone.

    Call it from a thread: while it works it holds no lock of the interpreter's, but neither does it give way.
    """

    def __init__(self, light: bool = False) -> None:
        memory, passes = (64, 1) if light else (19_456, 2)
        self._hash = PasswordHash([Argon2Hasher(time_cost=passes, memory_cost=memory, parallelism=1, type=Type.ID)])
        self._dummy = self._hash.hash("nobody's password")

    def hash(self, password: str) -> str:
        """What to keep of a password."""
        return self._hash.hash(password)

    def check(self, password: str, kept: str | None) -> bool:
        """Whether it is the password; where there is none to compare with it takes just as long to say no."""
        return self._hash.verify(password, kept or self._dummy) and kept is not None

    def outdated(self, kept: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        return self._hash.current_hasher.check_needs_rehash(kept)
