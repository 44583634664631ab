"""What a plan's many settings of protection say in three words: private, secure, robust."""

from __future__ import annotations

from fedcare.errors import BadSetting
from fedcare.tasks.registry import get

# Two are the most masked groups of five institutions in which none stands alone.
GROUPS, LEAST = 2, 2
# What a round may lose, and what somebody's absence must gain before it is left out. Honest rounds of the built-in
# tasks lose less.
ACCEPTANCE = 0.01
# About what honest institutions move in their first round, or a little less: it costs the built-in tasks nothing. A
# network's batch norm moves its running statistics further than all its weights.
NORM_BOUND = {"table": 2.0, "image": 60.0}


def protected(task: str, private: float | None, secure: bool, robust: bool) -> dict[str, str]:
    """The settings that the three stand for; whatever is set by name comes after them and wins.

    ``private``: the epsilon that the run may cost each patient, None without differential privacy. ``secure``: secure
    aggregation. ``robust``: stand up to an institution that errs or lies. Raises BadSetting for an epsilon that is
    none, UnknownTask and BadTaskFile.
    """
    settings: dict[str, str] = {}
    if private is not None:
        settings |= _private(task, private)
    if secure:
        settings["privacy.secure.enabled"] = "true"
    if robust:
        settings |= _robust(task, private is not None, secure)
    return settings


def _robust(task: str, private: bool, secure: bool) -> dict[str, str]:
    """What stands up to a member that errs or lies; see ``docs/robustness.md`` for the evidence."""
    settings = {} if private else {"defence.acceptance": str(ACCEPTANCE)}
    if secure:
        # The institutions can tell the better one of two groups; a bound holds whatever is masked.
        groups = {"privacy.secure.groups": str(GROUPS), "privacy.secure.least": str(LEAST)}
        return settings | groups | {"defence.norm_bound": str(NORM_BOUND[_kind(task)])}
    # Nobody evaluates a private round, so nobody can say whether it did harm: there the strategy has to.
    return settings | ({"strategy.name": "trimmed-mean"} if private else {})


def _kind(task: str) -> str:
    return get(task).records.kind


def _private(task: str, epsilon: float) -> dict[str, str]:
    if not epsilon > 0:
        raise BadSetting(setting="--private", value=epsilon, reason="it must be greater than 0, as in --private 5")
    declared = get(task)
    settings = {"privacy.dp.enabled": "true", "privacy.dp.epsilon": str(epsilon)}
    # A batch's own statistics mix its patients, so no noise on one patient's gradient would hide that patient.
    batches = declared.private.get("model.kind", declared.model.kind) == "resnet18"
    return settings | ({"model.norm": "group"} if batches else {}) | dict(declared.private)
