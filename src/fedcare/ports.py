"""Ports of this machine that a server will listen on in a moment."""

from __future__ import annotations

import secrets
import socket

HOST = "127.0.0.1"
_PORTS = range(15_000, 30_000)  # Below those that Linux (from 32768) and others (from 49152) lend to connections.


def free_port() -> int:
    """A port that nobody uses now, and that no connection is lent before its server listens, or starts again."""
    tried = (_PORTS.start + secrets.randbelow(len(_PORTS)) for _ in range(1000))
    return next(port for port in tried if is_free(port))


def is_free(port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket() as probe:
        # As a server would: connections of an earlier run that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
