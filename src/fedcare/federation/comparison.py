"""Was it worth joining? Each institution alone, and all rows in one place, against the federation.

Only a simulation can tell: it holds every institution's rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fedcare.federation.one_place import OnePlace, judged_split
from fedcare.federation.study import Study


def compare(study: Study, note: Callable[[str], None]) -> dict[str, Any]:
    """``local``: by institution, its own model judged on its own rows and on everybody's; ``pooled``: all rows."""
    split = judged_split(study.institutions)
    local = {}
    for each in study.institutions:
        note(f"training {each.name} alone")
        pooled, by_name, _ = OnePlace(study.plan, [each]).judge(study.institutions, split)
        local[each.name] = {"own": by_name[each.name], "pooled": pooled}
    note("training on all rows in one place")
    pooled, _, _ = OnePlace(study.plan, study.institutions).judge(study.institutions, split)
    return {"local": local, "pooled": pooled}
