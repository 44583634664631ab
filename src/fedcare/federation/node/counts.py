"""How many usable records there are for each task: all that the coordinator is told without being asked by a plan."""

from __future__ import annotations

from pathlib import Path

import structlog

from fedcare.data.sources import database
from fedcare.errors import FedCareError, UnknownTask
from fedcare.federation.node.config import NodeConfig
from fedcare.federation.node.records import driver
from fedcare.federation.node.store import NodeStore
from fedcare.tasks.loading import read
from fedcare.tasks.registry import get
from fedcare.tasks.spec import Task

log = structlog.get_logger("fedcare.node")
Mark = tuple[int, int, int]


class Counts:
    """Counts a file's rows when it changed, and the database's each time."""

    def __init__(self, config: NodeConfig, store: NodeStore) -> None:
        self._config, self._store = config, store
        self._files: dict[str, tuple[Mark, int]] = {}

    def now(self) -> dict[str, int]:
        """Records by task; a task whose records cannot be read just now has none. Raises DatabaseUnavailable."""
        return {task: self._of(task) for task in sorted(self._config.records)}

    def _of(self, name: str) -> int:
        try:
            task, path = get(name), self._config.records[name].path
            return self._in_database(task) if path is None else self._in_file(task, path)
        except UnknownTask:
            return 0
        except (FedCareError, OSError) as error:
            if isinstance(error, FedCareError) and error.status == 503:
                raise
            log.warning("records cannot be counted", task=name, reason=str(error))
            return 0

    def _in_database(self, task: Task) -> int:
        with self._store.transaction() as tx:
            return database.count(driver(tx), task.records)

    def _in_file(self, task: Task, path: Path) -> int:
        mark = _mark(path)
        if task.name not in self._files or self._files[task.name][0] != mark:
            self._files[task.name] = mark, len(read(task, path).records)
        return self._files[task.name][1]


def _mark(path: Path) -> Mark:
    """Changes when the file, or a file in the folder, does."""
    files = [path, *(path.rglob("*") if path.is_dir() else ())]
    found = [file.stat() for file in files]
    return len(found), sum(each.st_size for each in found), max(each.st_mtime_ns for each in found)
