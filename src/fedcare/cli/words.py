"""Figures in words for the terminal."""

from __future__ import annotations

from collections.abc import Mapping

IN_UNIT = ("mae", "mse")


def figures(metrics: Mapping[str, float]) -> str:
    """Metrics in one line: ``auc 0.981, accuracy 0.934``; errors in the target's unit without decimals above 100."""
    return ", ".join(f"{name} {_number(name, value)}" for name, value in metrics.items())


def _number(name: str, value: float) -> str:
    return f"{value:,.0f}" if name in IN_UNIT and abs(value) >= 100 else f"{value:.4f}"
