"""No page of the console goes without a check of its looks, in both colour schemes."""

import re
from pathlib import Path

import pytest
from tests.console.views import VIEWS, is_at

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "console" / "src"
PARTS = re.compile(r"PARTS = \[([^]]+)\]")


def routes() -> list[str]:
    """Every address that the router knows; of a page with parts, each part's, where the first is the page's own."""
    found = re.findall(r'path: "([^"]+)"', (SOURCE / "app" / "router.tsx").read_text(encoding="utf-8"))
    for page in ("hospital", "consortium"):
        named = PARTS.search((SOURCE / "features" / page / "search.ts").read_text(encoding="utf-8"))
        assert named
        found += [f"/{page}?part={part}" for part in re.findall(r'"(\w+)"', named[1])[1:]]
    return found


def test_each_route_and_part_has_a_check():
    assert sorted(set(VIEWS.values()) - {"/predict?by=file"}) == sorted(routes())


def test_each_of_these_checks_is_part_of_a_journey():
    journeys = "".join(file.read_text(encoding="utf-8") for file in HERE.glob("test_*.py"))
    checked = [re.sub(r"{\w+}", "<role>", name) for name in re.findall(r'\.check\(f?"([^"]+)"\)', journeys)]
    made = [re.escape(name).replace("<role>", r"\w+") for name in checked]
    assert [name for name in VIEWS if not any(re.fullmatch(each, name) for each in made)] == []


@pytest.mark.parametrize(
    ("address", "view", "fits"),
    [
        ("/patients/7/edit", "/patients/$patientId/edit", True),
        ("/patients/7", "/patients/$patientId/edit", False),
        ("/hospital?part=node", "/hospital?part=node", True),
        ("/hospital?part=people", "/hospital?part=node", False),
        ("/hospital", "/hospital", True),
    ],
)
def test_an_address_belongs_to_one_page(address, view, fits):
    assert is_at(f"http://127.0.0.1:8000{address}", view) is fits
