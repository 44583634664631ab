"""The command line: one file per command."""

from fedcare.cli.app import main

__all__ = ["main"]
