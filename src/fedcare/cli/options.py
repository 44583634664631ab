"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fedcare.errors import BadSetting

TaskName = Annotated[str, typer.Argument(help="A task's name, or the path of a TOML file that declares one.")]
Data = Annotated[
    Path | None, typer.Option(help="A CSV, an npz or a folder; unset, the task's own or synthetic records.")
]
Seed = Annotated[
    int,
    typer.Option(min=0, max=2**63 - 1, help="Seed of everything random: partition, split, initial weights, batches."),
]
Out = Annotated[Path | None, typer.Option(help="Folder of the run; unset, a new one under runs/.")]
Root = Annotated[Path | None, typer.Option(help="Folder of runs; unset, FEDCARE_RUNS or runs/.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any setting of the task or the plan; may be repeated."),
]


def parse_settings(pairs: list[str] | None) -> dict[str, str]:
    """``KEY=VALUE`` texts as a mapping; raises BadSetting for a text without ``=``."""
    settings: dict[str, str] = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise BadSetting(setting="--set", value=pair, reason="write KEY=VALUE, as in --set batch_size=64")
        settings[key.strip()] = value.strip()
    return settings
