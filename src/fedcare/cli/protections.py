"""``--private``, ``--secure`` and ``--robust``: three flags for what a plan's many settings of protection say."""

from __future__ import annotations

from typing import Annotated

import typer

from fedcare.errors import BadSetting

Private = Annotated[
    float | None,
    typer.Option(metavar="EPSILON", help="Differential privacy for patients: what the run may cost each of them."),
]
Secure = Annotated[bool, typer.Option("--secure", help="Secure aggregation: the coordinator learns sums alone.")]
Robust = Annotated[bool, typer.Option("--robust", help="Stand up to an institution that errs or lies.")]

# Two are the most masked groups of five institutions in which none stands alone.
GROUPS = 2


def protected(task: str, private: float | None, secure: bool, robust: bool) -> dict[str, str]:
    """The settings that the flags stand for; whatever is set by name comes after them and wins.

    Raises BadSetting for an epsilon that is none, UnknownTask and BadTaskFile.
    """
    settings: dict[str, str] = {}
    if private is not None:
        settings |= _private(task, private)
    if secure:
        settings["privacy.secure.enabled"] = "true"
    if robust:
        grouped = {"privacy.secure.groups": str(GROUPS), "privacy.secure.least": "2"}
        settings |= grouped if secure else {"strategy.name": "trimmed-mean"}
    return settings


def _private(task: str, epsilon: float) -> dict[str, str]:
    from fedcare.tasks.registry import get

    if not epsilon > 0:
        raise BadSetting(setting="--private", value=epsilon, reason="it must be greater than 0, as in --private 5")
    settings = {"privacy.dp.enabled": "true", "privacy.dp.epsilon": str(epsilon)}
    # A batch's own statistics mix its patients, so no noise on one patient's gradient would hide that patient.
    return settings | ({"model.norm": "group"} if get(task).records.kind == "image" else {})
