"""The command line, run inside the test's process."""

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from fedcare.cli import app
from fedcare.settings import settings


class Ran(NamedTuple):
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture
def fedcare(monkeypatch, capfd, tmp_path) -> Callable[..., Ran]:
    """Runs ``fedcare ARGS...`` as the program would, with runs kept under the test's own folder."""
    monkeypatch.setenv("FEDCARE_RUNS", str(tmp_path / "runs"))
    settings.cache_clear()

    def run(*args: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["fedcare", *map(str, args)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            app.main()
        out, err = capfd.readouterr()
        return Ran(int(end.value.code or 0), out, err)

    yield run
    settings.cache_clear()
