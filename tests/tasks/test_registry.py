from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from fedcare.errors import BadTaskFile, FileMissing, UnknownTask
from fedcare.tasks import registry
from fedcare.tasks.insurance_cost import TASK

BUILT_IN = {"breast-cancer", "cancer-imaging", "diabetes", "insurance-cost"}


def make_task() -> object:
    return TASK.model_copy(update={"name": "made"})


def make_nothing() -> object:
    return "no task"


@pytest.fixture
def third_party(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        EntryPoint("made", f"{__name__}:make_task", registry.GROUP),
        EntryPoint("wrong", f"{__name__}:make_nothing", registry.GROUP),
        EntryPoint("gone", "a_package_that_is_not_there:TASK", registry.GROUP),
    ]
    monkeypatch.setattr(EntryPoint, "load", _load)
    monkeypatch.setattr(registry, "entry_points", lambda group: entries)


def _load(entry: EntryPoint) -> object:
    if entry.name == "gone":
        raise ModuleNotFoundError("No module named 'a_package_that_is_not_there'")
    return {"made": make_task, "wrong": make_nothing}[entry.name]


def test_the_built_in_tasks_are_registered_under_their_own_names() -> None:
    assert set(registry.names()) >= BUILT_IN
    for name in BUILT_IN:
        assert registry.get(name).name == name


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(UnknownTask, match="breast-cancer, cancer-imaging, diabetes, insurance-cost"):
        registry.get("insurance")


def test_a_toml_file_is_a_task(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[target]\ncolumn = "y"\nkind = "regression"\n[numeric.x]\n')
    assert registry.get(str(path)).name == "mine"
    with pytest.raises(FileMissing):
        registry.get(str(tmp_path / "absent.toml"))


@pytest.mark.usefixtures("third_party")
def test_a_third_party_may_give_a_function() -> None:
    assert registry.get("made").name == "made"


@pytest.mark.usefixtures("third_party")
@pytest.mark.parametrize(("name", "reason"), [("wrong", "no Task"), ("gone", "ModuleNotFoundError")])
def test_a_third_partys_mistake_is_one_clear_error(name: str, reason: str) -> None:
    with pytest.raises(BadTaskFile, match=reason):
        registry.get(name)
