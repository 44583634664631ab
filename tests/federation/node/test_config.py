"""A node's settings are checked once, and nothing in them can point where it should not."""

import tomllib
from pathlib import Path

import pytest

from fedcare.errors import BadNodeSettings, NoNode
from fedcare.federation.node.config import Limits, NodeConfig, NodeFolder, RecordSource, find_node

GOOD = 'institution = "A"\ncoordinator = "c.example:8443"\n'


def test_what_is_written_is_read_back(tmp_path):
    config = NodeConfig(
        institution='St. "Mary" \\ Ü',
        coordinator="c.example:8443",
        own_gateway=True,
        images=Path("/srv/images"),
        limits=Limits(rounds=7),
        records={
            "insurance-cost": RecordSource(source="database"),
            "my-task": RecordSource(source="csv:/srv/a b.csv"),
        },
    )
    (tmp_path / "node.toml").write_text(config.to_toml(), encoding="utf-8")
    assert NodeFolder(tmp_path).config() == config


@pytest.mark.parametrize(
    "more",
    [
        '[records.x]\nsource = "csv:relative.csv"\n',
        '[records.x]\nsource = "http://c.example"\n',
        'images = "relative"\n',
        "[limits]\nrounds = 0\n",
        "unknown = 1\n",
        "broken",
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(tmp_path, more):
    (tmp_path / "node.toml").write_text(GOOD + more)
    with pytest.raises(BadNodeSettings, match=r"node\.toml"):
        NodeFolder(tmp_path).config()


def test_new_settings_show_how_records_are_named(tmp_path):
    new = NodeConfig(institution="A", coordinator="c.example:8443").to_toml()
    shown = new.replace("# [", "[").replace("# source", "source")
    (tmp_path / "node.toml").write_text(shown, encoding="utf-8")
    assert not tomllib.loads(new).get("records")
    assert NodeFolder(tmp_path).config().records["insurance-cost"].path == Path("/srv/records/people.csv")


def test_the_only_node_needs_no_name(tmp_path):
    with pytest.raises(NoNode, match="There is none"):
        find_node(tmp_path, None)
    for name in ("a", "b"):
        folder = tmp_path / "node" / name
        folder.mkdir(parents=True)
        (folder / "node.toml").write_text(GOOD.replace('"A"', f'"{name}"'))
        if name == "a":
            assert find_node(tmp_path, None).path == folder
    assert find_node(tmp_path, "b").path == folder
    with pytest.raises(NoNode, match="a, b"):
        find_node(tmp_path, None)
