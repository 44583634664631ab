"""How much, how slowly and how often a peer may send."""

from __future__ import annotations

from dataclasses import dataclass

KIBI, MEBI = 2**10, 2**20


@dataclass(frozen=True)
class Limits:
    """``patience`` (seconds) is how long a handshake, a request's headers and the start of a body may take. A body has
    to come at ``body_rate`` (bytes a second) after that. An idle connection is closed after ``idle`` seconds.

    A node sends arrays in objects of 5 MiB; ``object_bytes`` is the most that one request may hold.
    """

    patience: float = 10.0
    body_rate: float = 8 * KIBI
    idle: float = 75.0
    header_bytes: int = 32 * KIBI
    object_bytes: int = 64 * MEBI
    note_bytes: int = 64 * KIBI
    connections_per_node: int = 32
    stranger_connections: int = 16
