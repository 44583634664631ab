"""What a supervised process is: a command, how it shows that it is ready, and how long it may take to stop."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Child:
    """A process to keep running.

    ``name`` names its log and its lines. ``env`` is added to the supervisor's own environment. ``ready`` says whether
    it serves; it is asked from another thread than the one that starts processes, must not take longer than a second
    or two, and may raise, which counts as no. Without it, a process is ready once it lives. ``grace``: seconds that
    a stop waits before it kills.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None
    ready_seconds: float = 60.0
    grace: float = 15.0

    def environment(self) -> dict[str, str]:
        """The process's whole environment."""
        return dict(os.environ) | dict(self.env)
