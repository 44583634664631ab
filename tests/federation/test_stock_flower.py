"""A consortium already on Flower runs the tasks on its own SuperLink and SuperNodes; no code crosses the network."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from benchmarks.stock_flower import stock_flower
from flwr.app import Context, RecordDict
from flwr.cli.build import build_fab_from_disk

from fedcare.aggregation.checkpoint import load
from fedcare.aggregation.planning import plan_of
from fedcare.data.sources.csv_table import write_table
from fedcare.data.split import institution
from fedcare.errors import BadSetting
from fedcare.federation import flower_app
from fedcare.federation.coordinator import coordinate
from fedcare.federation.engines import run
from fedcare.federation.site import Site
from fedcare.registry.version import read_version
from fedcare.tasks.loading import from_origin, read
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get

APP = Path(__file__).resolve().parents[2] / "examples" / "flower-app"
CONFIG = {"task": "insurance-cost", "seed": 42, "rounds": 1, "institutions": 2, "set": "local.epochs=1", "name": ""}
# Stock Flower starts a process for every question, which is slow, and slower where others work beside it. One that
# takes a minute to start is lost, and its question with it: then the run fails at the deadline, not after an hour.
SETTINGS = {"rounds.rounds": "1", "local.epochs": "1", "deadline": "150"}
PATIENCE = 600


@pytest.fixture
def hospitals(tmp_path: Path) -> dict[str, Path]:
    """Two hospitals' files, by name."""
    task = apply(get("insurance-cost"), {"num_samples": "60"})
    files = {"Hospital A": tmp_path / "a.csv", "Hospital B": tmp_path / "b.csv"}
    for seed, path in enumerate(files.values()):
        write_table(path, task.records, from_origin(task, seed).records)
    return files


@pytest.mark.filterwarnings("ignore:GitWildMatchPattern")  # Flower's own use of an old name.
def test_the_bundle_holds_its_manifest_and_no_code() -> None:
    names = zipfile.ZipFile(io.BytesIO(build_fab_from_disk(APP))).namelist()
    assert sorted(names) == [".info/CONTENT", "pyproject.toml"]


@pytest.mark.timeout(PATIENCE + 200)
def test_stock_flower_runs_a_task_to_the_same_bits_as_a_simulation(tmp_path: Path, hospitals, watcher) -> None:
    task = apply(get("insurance-cost"), SETTINGS)
    plan = plan_of(task, 42)
    sites = [Site(institution(name, read(task, path).records, task.kind, 42)) for name, path in hospitals.items()]
    folder = tmp_path / "simulated"
    folder.mkdir()
    wanted = run(
        "inprocess",
        plan,
        sites,
        lambda exchange: coordinate(plan, exchange, folder, watcher, watcher.resumed),
        watcher.answered,
    )
    nodes = [{"institution": name, "data": str(path)} for name, path in hospitals.items()]
    with stock_flower(tmp_path, nodes) as stock:
        settings = "; ".join(f"{key}={value}" for key, value in SETTINGS.items())
        stock.run(APP, {"set": settings, "name": "stock"}, PATIENCE)
    found = load(tmp_path / "runs" / "stock")
    assert found is not None
    assert found.round == 1
    assert np.array_equal(found.vector, wanted.state.vector)
    version = read_version(tmp_path / "runs" / "stock" / "model")
    assert version.plan.hash == plan.hash


def context(data: str = "a.csv", **config: object) -> Context:
    """What a SuperNode hands to the app."""
    node = {"institution": "Hospital A", "data": data}
    return Context(run_id=1, node_id=1, node_config=node, state=RecordDict(), run_config=CONFIG | config)


def test_a_run_cannot_choose_which_file_is_read_at_an_institution(tmp_path: Path) -> None:
    (tmp_path / "task.toml").write_text("")
    with pytest.raises(BadSetting, match="task cannot be"):
        flower_app._site(context(task=str(tmp_path / "task.toml")))


def test_a_node_without_records_says_how_to_name_them() -> None:
    with pytest.raises(BadSetting, match="--node-config"):
        flower_app._site(context(data=""))


@pytest.mark.parametrize("name", ["../elsewhere", "/tmp/x", "a b"])
def test_a_runs_name_is_no_path(name: str) -> None:
    with pytest.raises(BadSetting, match="lower-case"):
        flower_app._folder(context(name=name))


def test_two_nodes_of_one_name_do_not_pass_for_one_institution() -> None:
    with pytest.raises(BadSetting, match="more than one node"):
        flower_app._require_own_names(["Hospital A", "Hospital A"])
