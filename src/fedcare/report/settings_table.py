"""How to get this run again: the plan's settings, its hash, the seed and the engine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from fedcare.report.blocks import DataTable, Section
from fedcare.report.facts import Facts

_NAMES = {
    "task": "Task",
    "kind": "Kind of target",
    "metric": "Deciding metric",
    "strategy": "Strategy",
    "partition": "Division into institutions",
    "rounds": "Rounds",
    "best_round": "Best round",
    "judged_on": "Judged on",
    "threshold": "Threshold (probability)",
    "seed": "Seed",
    "engine": "Engine",
    "plan_hash": "Plan hash (SHA-256)",
    "status": "Status",
    "model_dir": "Model version",
}


def section(facts: Facts) -> Section:
    """The run's identity and, where the run carries its plan, every setting of it."""
    rows = [(name, _text(facts.raw[key])) for key, name in _NAMES.items() if facts.raw.get(key) is not None]
    table = DataTable(("Setting", "Value"), rows, numeric=False)
    plan, folded = facts.raw.get("plan"), {}
    if isinstance(plan, Mapping) and plan:
        folded["Every setting of the plan"] = DataTable(("Setting", "Value"), list(_flat(plan)), numeric=False)
    sentence = "The same plan, seed and records give the same model again, bit for bit, in the same environment."
    return Section("settings", "How to get this run again", [sentence], tables=[table], folded=folded)


def _flat(values: Mapping[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings as ``local.lr`` and its value, in the plan's order."""
    for key, value in values.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        else:
            yield name, _text(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
