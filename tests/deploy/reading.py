"""The deployment's files as their tools read them."""

import re
from collections.abc import Mapping
from pathlib import Path

import typer

from fedcare.cli.app import app

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")


def interpolated(value, given: Mapping[str, str]):
    """What compose makes of a value: variables replaced; one that must be given and is not raises KeyError."""

    def replaced(match: re.Match) -> str:
        name, kind, text = match.groups()
        if given.get(name):
            return given[name]
        if kind == "?":
            raise KeyError(name)
        return text if kind == "-" else ""

    if isinstance(value, dict):
        return {key: interpolated(each, given) for key, each in value.items()}
    if isinstance(value, list):
        return [interpolated(each, given) for each in value]
    return VARIABLE.sub(replaced, value) if isinstance(value, str) else value


def parse(words: list[str]) -> None:
    """Raise where the command line does not know these words."""
    command = typer.main.get_command(app)
    while words and (below := getattr(command, "commands", {}).get(words[0])) is not None:
        command, words = below, words[1:]
    assert not words or words[0].startswith("-"), f"no such command: {words[0]}"
    command.make_context("fedcare", list(words))
