"""How often a run was taken up without coming any further."""

from __future__ import annotations

import json
from pathlib import Path

from fedcare.aggregation.checkpoint import replace_file, round_of

MOST = 20
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 15.0


class Attempts:
    """Attempts since the last round that stands, kept in the run's folder: a dying machine counts, too."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / "attempts.json"

    def begin(self) -> int:
        """Count another attempt; how many there are now since the last round."""
        reached = round_of(self._folder)
        count = self._count(reached) + 1
        text = json.dumps({"round": reached, "attempts": count})
        replace_file(self._path, lambda beside: beside.write_text(text, encoding="utf-8"))
        return count

    def pause(self) -> float:
        """Seconds to wait before the next attempt: each time twice as long while nothing moves."""
        count = self._count(round_of(self._folder))
        return float(min(FIRST_PAUSE_SECONDS * 2 ** max(0, count - 1), LONGEST_PAUSE_SECONDS))

    def _count(self, reached: int) -> int:
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            return int(kept["attempts"]) if kept["round"] == reached else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0
