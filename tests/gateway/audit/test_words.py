"""Whatever the audit log holds, the console's pages say it in words: in English here, and its own tests compare German.

The actions are those of the routes, and those that stand in the source of what writes rows.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fedcare.gateway.actions import ACTIONS

ROOT = Path(__file__).resolve().parents[3]
FEATURES = ROOT / "console" / "src" / "features"
ROOMS = {action.name.split(".")[0] for action in ACTIONS.values()}
# Put together where they are written: by how a run ends, and by what is kept too long.
JOINED = {"runs.completed", "runs.failed", "runs.stopped", "retention.patients", "retention.predictions"}
# Names alike, of something else.
ALIKE = {"patients.csv", "rounds.rounds"}


def written() -> Iterator[tuple[str, str | None]]:
    """Each action that can be written and the kind of its subject, where that stands beside it."""
    yield from ((each.name, each.subject_type) for each in ACTIONS.values())
    yield from ((name, None) for name in JOINED)
    for file in (ROOT / "src" / "fedcare").rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        if "audit" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                yield from _recorded(node)
            elif isinstance(node, ast.Constant) and _is_action(node.value):
                yield node.value, None


def _recorded(call: ast.Call) -> Iterator[tuple[str, str | None]]:
    action, subject = call.args[2:4]
    if isinstance(action, ast.Constant) and isinstance(subject, ast.Constant):
        yield action.value, subject.value


def _is_action(value: object) -> bool:
    if not isinstance(value, str) or value in ALIKE:
        return False
    room, dot, deed = value.partition(".")
    return bool(dot) and room in ROOMS and deed.isidentifier()


def messages(feature: str, language: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((FEATURES / feature / "messages" / f"{language}.json").read_text("utf-8"))
    return found


def said(words: dict[str, object], name: str) -> bool:
    room, _, deed = name.partition(".")
    return deed in words.get(room, {})


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_action_and_every_kind_of_subject_is_said_in_the_log(language):
    words = messages("audit", language)
    assert sorted({name for name, _ in written() if not said(words["actions"], name)}) == []
    assert sorted({kind for _, kind in written() if kind and kind not in words["subjects"]}) == []
    assert {"ok", "refused", "locked"} == set(words["outcomes"])


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_action_upon_a_patient_is_said_in_the_patients_history(language):
    words = messages("patients", language)["deeds"]
    upon = {name for name, kind in written() if kind == "patient"}
    assert {"patients.read", "predictions.read_patient"} <= upon
    assert sorted(name for name in upon if not said(words["actions"], name)) == []
    assert {"ok", "refused"} <= set(words["outcomes"])
