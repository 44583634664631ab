import json
import subprocess
import sys

import pytest

from fedcare.cli.app import _run
from fedcare.errors import BadTaskFile
from fedcare.tasks import registry


def fedcare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["fedcare", *arguments])
    status = _run()
    return status, capsys.readouterr().out


@pytest.mark.parametrize("arguments", [("tasks",), ("tasks", "list")])
def test_tasks_are_listed_with_or_without_the_word(monkeypatch, capsys, arguments: tuple[str, ...]) -> None:
    status, out = fedcare(monkeypatch, capsys, *arguments)
    assert status == 0
    for name in ("breast-cancer", "cancer-imaging", "diabetes", "insurance-cost"):
        assert name in out
    status, out = fedcare(monkeypatch, capsys, *arguments, "--json")
    listed = {task["name"]: task for task in json.loads(out)["tasks"]}
    assert listed["insurance-cost"]["kind"] == "regression"
    assert listed["cancer-imaging"]["origin"] == "synthetic-images"


def test_a_task_is_shown_with_its_features_and_settings(monkeypatch, capsys) -> None:
    status, out = fedcare(monkeypatch, capsys, "tasks", "show", "insurance-cost")
    assert status == 0
    for text in (
        "charges (or insurance_cost), regression in dollars",
        "bmi",
        "kg/m2",
        "southwest",
        "local.lr",
        "0.006",
    ):
        assert text in out
    status, out = fedcare(monkeypatch, capsys, "tasks", "show", "insurance-cost", "--json")
    shown = json.loads(out)
    assert shown["settings"]["local.lr"] == 0.006
    assert shown["records"]["target"]["name"] == "charges"


def test_an_image_task_is_shown_with_its_size(monkeypatch, capsys) -> None:
    _, out = fedcare(monkeypatch, capsys, "tasks", "show", "cancer-imaging")
    assert "64 x 64 pixels" in out


def test_an_unknown_task_exits_with_2(monkeypatch, capsys) -> None:
    status, out = fedcare(monkeypatch, capsys, "tasks", "show", "nothing", "--json")
    assert (status, json.loads(out)["error"]["code"]) == (2, "unknown_task")


def test_a_task_that_a_third_party_broke_does_not_hide_the_others(monkeypatch, capsys) -> None:
    def get(name: str) -> object:
        if name == "diabetes":
            raise BadTaskFile(path="their.module", reason="broken")
        return whole(name)

    whole = registry.get
    monkeypatch.setattr(registry, "get", get)
    status, out = fedcare(monkeypatch, capsys, "tasks", "--json")
    listed = {task["name"]: task for task in json.loads(out)["tasks"]}
    assert status == 0
    assert "broken" in listed["diabetes"]["error"]
    assert "title" in listed["insurance-cost"]
    assert "broken" in fedcare(monkeypatch, capsys, "tasks")[1]


def test_listing_tasks_needs_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['fedcare', 'tasks']\n"
        "from fedcare.cli.app import _run; _run()\n"
        "heavy = {'torch', 'flwr', 'sklearn', 'plotly', 'onnxruntime', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
