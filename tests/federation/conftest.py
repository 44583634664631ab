"""Small studies on which the apps, the engines and the round loop are tried."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fedcare.federation.study import Study, design


class Silence:
    """A watcher that only counts."""

    def __init__(self) -> None:
        self.records: list[object] = []
        self.notes: list[str] = []
        self.resumed_after: int | None = None

    def round_started(self, round_number, institutions) -> None:
        pass

    def round_finished(self, record) -> None:
        self.records.append(record)

    def answered(self, answer) -> None:
        pass

    def resumed(self, round_number) -> None:
        self.resumed_after = round_number

    def note(self, text) -> None:
        self.notes.append(text)


@pytest.fixture
def watcher() -> Silence:
    return Silence()


@pytest.fixture
def study() -> Callable[..., Study]:
    """A study of the synthetic insurance task over five hospitals; keywords are settings."""

    def make(task: str = "insurance-cost", seed: int = 42, partition: str | None = None, **settings: object) -> Study:
        small = {"num_samples": 200, "rounds.rounds": 3, "local.epochs": 1} if task == "insurance-cost" else {}
        chosen = small | {key.replace("__", "."): value for key, value in settings.items()}
        return design(task, None, partition, {key: str(value) for key, value in chosen.items()}, seed)

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"
