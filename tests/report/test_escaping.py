"""Names come from files and from other people: on the page they are text and nothing else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedcare.report.blocks import safe_json
from fedcare.report.drawing import label
from fedcare.report.render import render

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    '"><svg onload=alert(3)>',
    "<!--<script>",
    "$title ${sections} %{x} {0}",
    '<a href="javascript:alert(4)">Clinic</a>',
)


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.comments: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def renamed(run: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The run with other names of institutions, and the first hostile text wherever else a text can stand."""
    text = json.dumps(run)
    for old, new in names.items():
        text = text.replace(json.dumps(old), json.dumps(new))
    changed: dict[str, Any] = json.loads(text)
    evil = HOSTILE[0]
    changed.update(title=evil, task=evil, strategy=evil, partition=evil, engine=evil, model_dir=evil, plan_hash=evil)
    changed["plan"] = {evil: {evil: evil}}
    changed["history"][2]["dropped"] = {next(iter(names.values())): HOSTILE[1]}
    for entry in changed["institutions"].values():
        entry["distribution"]["labels"] = [evil, HOSTILE[2]]
    return changed


@pytest.fixture
def hostile_run(binary_run: dict[str, Any]) -> dict[str, Any]:
    return renamed(binary_run, dict(zip(binary_run["institutions"], HOSTILE, strict=False)))


def test_hostile_names_add_no_tag_to_the_page(binary_run: dict[str, Any], hostile_run: dict[str, Any]) -> None:
    page = Tags(render(hostile_run))
    scripts = [attributes for tag, attributes in page.found if tag == "script"]
    assert all(attributes in ({},) or attributes["type"] == "application/json" for attributes in scripts)
    assert sum(not attributes for attributes in scripts) == 2
    assert not {"img", "svg"} & {tag for tag, _ in page.found}
    assert not page.comments
    assert not any(name.startswith("on") for _, attributes in page.found for name in attributes)
    assert all((attributes.get("href") or "#").startswith("#") for _, attributes in page.found)
    assert len(page.found) <= len(Tags(render(binary_run)).found)


def test_hostile_names_are_readable_as_text(hostile_run: dict[str, Any]) -> None:
    page = render(hostile_run)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "$title ${sections} %{x} {0}" in page


def test_no_markup_of_a_name_reaches_a_figure(hostile_run: dict[str, Any]) -> None:
    drawings = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', render(hostile_run), re.DOTALL)
    for drawing in drawings:
        assert "<" not in drawing
        decoded = json.dumps(json.loads(drawing)).replace("<extra></extra>", "")
        assert "<" not in decoded
        for template in re.findall(r'"hovertemplate": "([^"]*)"', decoded):
            assert "$title" not in template


@given(st.text(max_size=60))
def test_json_in_the_page_reads_back_and_cannot_close_its_element(text: str) -> None:
    written = safe_json({"name": text})
    assert not set("<>&") & set(written)
    assert json.loads(written) == {"name": text}


@settings(max_examples=50)
@given(st.text(max_size=60))
def test_a_label_in_a_figure_holds_no_tag(text: str) -> None:
    assert not set("<>") & set(label(text))
