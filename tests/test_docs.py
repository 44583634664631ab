"""The documents say what is so: references are up to date, links lead somewhere, commands parse, examples work."""

import importlib
import importlib.util
import re
import shlex
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import click
import numpy as np
import pytest
import typer

from fedcare.aggregation import strategy as strategies
from fedcare.cli.app import app
from fedcare.cli.options import parse_settings
from fedcare.data.sources.csv_table import write_table
from fedcare.data.sources.synthetic_images import write_npz
from fedcare.plan import StrategyChoice
from fedcare.tasks import registry
from fedcare.tasks.loading import from_origin, read
from fedcare.tasks.overrides import apply
from fedcare.tasks.toml_file import read_task
from fedcare.update import Entry, Manifest, ModelUpdate

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")]
EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))
CODE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"`(fedcare [^`]+)`")
REFERENCES = ("cli.md", "settings.md", "errors.md")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in CODE.findall(page.read_text(encoding="utf-8")) if kind == language]


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- the generated pages ----------------------------------------------------------------------------------------------


def test_the_generated_references_are_up_to_date(reference) -> None:
    made = reference.pages()
    assert set(made) == set(REFERENCES)
    for name, text in made.items():
        assert (reference.FOLDER / name).read_text(encoding="utf-8") == text, f"{name} is old: run `make docs`"


def test_every_setting_of_the_reference_has_a_meaning(reference) -> None:
    rows = [line for line in reference.settings().splitlines() if line.startswith("| `")]
    assert len(rows) > 40
    assert not [row for row in rows if row.split("|")[-2].strip() == ""]


# -- links and the picture --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    targets = [link.partition("#")[0] for link in LINK.findall(text) if not link.startswith(("http", "#"))]
    assert not [target for target in targets if not (page.parent / target).exists()]


def test_the_picture_shows_every_folder_of_the_code() -> None:
    picture = ElementTree.parse(ROOT / "docs" / "architecture.svg")
    shown = {(text.text or "").strip() for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    folders = {f"{init.parent.name}/" for init in (ROOT / "src" / "fedcare").glob("*/__init__.py")}
    assert folders
    assert {name for name in shown if name.endswith("/")} == folders | {"console/"}


def test_the_layers_on_the_page_are_those_that_are_checked() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(each for each in config["tool"]["importlinter"]["contracts"] if each["type"] == "layers")
    wanted = [layer.replace("fedcare.", "") for layer in contract["layers"]]
    shown = blocks(ROOT / "docs" / "architecture.md", "")[0].splitlines()
    apart = [re.split(r" [|:] ", layer) for layer in shown]
    assert [sorted(names) for names in apart] == [sorted(re.split(r" [|:] ", layer)) for layer in wanted]


def test_the_index_of_decisions_names_each_of_them() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert sorted(LINK.findall(index)) == sorted(page.name for page in folder.glob("0*.md"))


# -- commands ---------------------------------------------------------------------------------------------------------


def written_commands() -> list[str]:
    """Every whole command line in a block of the documents, or in a comment of an example."""
    lines = [line for page in PAGES if page.name != "cli.md" for text in blocks(page, "") for line in text.splitlines()]
    lines += [line.lstrip("# ") for file in EXAMPLES for line in file.read_text(encoding="utf-8").splitlines()]
    return sorted({line.strip() for line in lines if line.strip().startswith("fedcare ") and " `" not in line})


def find(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that a line means, and what is left for it."""
    command: click.Command = typer.main.get_command(app)
    while words and (below := getattr(command, "commands", {}).get(words[0])) is not None:
        command, words = below, words[1:]
    return command, words


@pytest.mark.parametrize("line", written_commands())
def test_every_command_in_the_documents_parses(line: str) -> None:
    command, rest = find(shlex.split(line, comments=True)[1:])
    assert not hasattr(command, "commands") or not rest
    context = command.make_context(line, list(rest)) if rest else None
    given = context.params if context else {}
    if given.get("set_") and given.get("task") in registry.names():
        settings = parse_settings(given["set_"])
        settings.pop("seed", None)
        apply(registry.get(given["task"]), settings)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in REFERENCES], ids=name_of)
def test_every_command_named_in_a_sentence_exists(page: Path) -> None:
    for line in SPAN.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        words = line.split()[1:]
        command, rest = find(words)
        assert len(rest) < len(words), f"{line}: no such command"
        known = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= known, line


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"(?:`|^)make ([a-z]+)", page.read_text(), re.MULTILINE)}
    assert named
    assert named <= targets


# -- examples ---------------------------------------------------------------------------------------------------------


def test_the_task_files_on_the_page_read_the_records_they_are_shown_with(tmp_path: Path) -> None:
    charges, scans = (text for text in blocks(ROOT / "docs" / "add-a-task.md", "toml") if "[target]" in text)
    (tmp_path / "charges.toml").write_text(charges, encoding="utf-8")
    (tmp_path / "scans.toml").write_text(scans, encoding="utf-8")
    people, images = registry.get("insurance-cost"), registry.get("cancer-imaging")
    write_table(tmp_path / "people.csv", people.records, from_origin(people, 1).records)
    few = apply(images, {"num_samples": "20", "image_size": "28"})
    write_npz(tmp_path / "scans.npz", from_origin(few, 1).records)
    table = read(read_task(tmp_path / "charges.toml"), tmp_path / "people.csv")
    assert (len(table.records), table.problems) == (1338, ())
    assert len(read(read_task(tmp_path / "scans.toml"), tmp_path / "scans.npz").records) == 20


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Installs the packages shown on a page, as far as Python is concerned."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(page: str) -> None:
        for text in blocks(ROOT / "docs" / page, "python"):
            module = tmp_path / re.match(r'"""(.+?)"""', text).group(1)
            module.parent.mkdir()
            module.write_text(text, encoding="utf-8")
        entries = [text for text in blocks(ROOT / "docs" / page, "toml") if "entry-points" in text]
        for place, text in enumerate(entries):
            ((group, points),) = tomllib.loads(text)["project"]["entry-points"].items()
            info = tmp_path / f"shown{place}-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: shown{place}\nVersion: 1.0\n")
            lines = [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
            (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        importlib.invalidate_caches()
        strategies._registered.cache_clear()

    before = set(sys.modules)
    yield install
    strategies._registered.cache_clear()
    for name in {"charges_task", "median_strategy", "server_strategies"} - before:
        sys.modules.pop(name, None)


def test_the_task_package_on_the_page_is_found_by_its_name(installed) -> None:
    installed("add-a-task.md")
    assert "charges" in registry.names()
    assert registry.get("charges").partition == "by:region"


def test_the_strategies_on_the_page_do_what_the_page_says(installed) -> None:
    installed("add-a-strategy.md")
    current = np.zeros(4, dtype=np.float32)
    manifest = Manifest((Entry("weight", (4,), True),))
    weights = {"a": 0.9, "b": 1.0, "c": 1.0, "d": 1.1, "far off": 1000.0}
    updates = [ModelUpdate(name, np.full(4, value, dtype=np.float32), 100) for name, value in weights.items()]
    for name, options in {"geometric-median": {"steps": 64.0}, "slow-adam": {}, "half-trimmed": {}}.items():
        made = strategies.create(StrategyChoice(name=name, options=options))
        made.restore(made.state())
        found = made.aggregate(1, current, updates, manifest)
        assert (found.shape, found.dtype) == ((4,), np.float32)
        assert np.all(np.abs(found) < 2), name
