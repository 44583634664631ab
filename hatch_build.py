"""Builds the console before a wheel or a source archive is packed, so that whoever installs one needs no Node."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path("src") / "fedcare" / "gateway" / "page" / "index.html"


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before each build; a source archive holds the built console already, and an editable install has no need."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is missing; raises RuntimeError where that needs a Node that is not there."""
        root = Path(self.root)
        if version == "editable" or (root / PAGE).exists():
            return
        try:
            for command in (["npm", "ci"], ["npm", "run", "build"]):
                subprocess.run(command, cwd=root / "console", check=True)  # noqa: S603
        except FileNotFoundError:
            raise RuntimeError(
                "Building FedCare from its repository needs Node 20: run `make console` first."
            ) from None
