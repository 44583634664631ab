"""What an exchange remembers between two processes of one run: members, and how long answers took."""

from __future__ import annotations

import json
from pathlib import Path

from fedcare.aggregation.checkpoint import replace_file
from fedcare.federation.run.deadlines import Deadlines
from fedcare.federation.run.members import Members
from fedcare.plan import RoundPolicy

FILE = "exchange.json"


class Memory:
    """The file, written whole before each question; it is told nothing of what institutions answer."""

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / FILE
        self._written = ""

    def recall(self, policy: RoundPolicy) -> tuple[Members, Deadlines]:
        """What the last process remembered; nothing where there was none or its file is damaged."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8")) if self._path else {}
            return Members(**kept.get("members", {})), Deadlines(policy, kept.get("slowest"))
        except (OSError, ValueError, TypeError, AttributeError):
            return Members(), Deadlines(policy)

    def keep(self, members: Members, deadlines: Deadlines) -> None:
        """Write it down where it changed."""
        text = json.dumps({"members": members.to_json(), "slowest": deadlines.slowest})
        if self._path is not None and text != self._written:
            replace_file(self._path, lambda beside: beside.write_text(text, encoding="utf-8"), sync=False)
            self._written = text
