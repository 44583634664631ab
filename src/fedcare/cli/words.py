"""Figures in words for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FROM_NOISE = "intervals from the noise, 95%"
IN_UNIT = ("mae", "mse")


def figures(metrics: Mapping[str, float], privacy: Mapping[str, Any] | None = None) -> str:
    """Metrics in one line: ``auc 0.981, accuracy 0.934``; errors in the target's unit without decimals above 100.

    Of a run that is ``privacy`` each says how far its noise may have moved it: ``auc 0.93 (0.91 to 0.95)``.
    """
    told = (f"{name} {_number(name, value)}{_interval(name, privacy)}" for name, value in metrics.items())
    return ", ".join(told) + (f" ({FROM_NOISE})" if metrics and (privacy or {}).get("intervals") else "")


def interval(name: str, ends: Sequence[float] | None) -> str:
    """``0.91 to 0.95``, or that the noise is too great to say."""
    return "too noisy to say" if ends is None else f"{_number(name, ends[0])} to {_number(name, ends[1])}"


def _interval(name: str, privacy: Mapping[str, Any] | None) -> str:
    known = (privacy or {}).get("intervals") or {}
    return f" ({interval(name, known[name])})" if name in known else ""


def _number(name: str, value: float) -> str:
    return f"{value:,.0f}" if name in IN_UNIT and abs(value) >= 100 else f"{value:.4f}"
