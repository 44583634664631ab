"""Ports of this machine that a ``fedcare up`` has chosen, and keeps from every other until it ends."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self

from fedcare.ports import HOST, free_port, is_free

_NEARBY = 100


class Ports:
    """Chosen ports. Seconds pass between a choice and the moment when its server listens: until then, and while the
    server is being started again, the UDP port of the same number says that it is taken. The kernel frees it with the
    process, however that ends.
    """

    def __init__(self) -> None:
        self._marks: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for mark in self._marks:
            mark.close()

    def take(self, port: int) -> bool:
        """Whether it was free, and is ours now."""
        mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            mark.bind((HOST, port))
        except OSError:
            mark.close()
            return False
        self._marks.append(mark)
        return is_free(port)

    def near(self, wanted: int) -> int:
        """A port of ours: the one that is wanted, else the next free one."""
        last = min(wanted + _NEARBY, 65536)
        return next((port for port in range(wanted, last) if self.take(port)), None) or self.some()

    def some(self) -> int:
        """Any port, ours."""
        while not self.take(port := free_port()):
            pass
        return port
