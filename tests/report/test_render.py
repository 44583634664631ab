from __future__ import annotations

import copy
import json
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from plotly.offline import get_plotlyjs

from fedcare.report.render import render

# The library is most of the page and the same in each: reading it once is enough, see test_escaping.
LIBRARY = get_plotlyjs()
RUNS = ("binary_run", "regression_run", "minimal_run", "multiclass_run")


class Page(HTMLParser):
    """What a browser makes of a page: its tags with attributes, and the text of each kind of tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page.replace(LIBRARY, ""))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.append((self.open[-1], data))

    def ids(self) -> list[str]:
        return [attributes["id"] or "" for _, attributes in self.tags if "id" in attributes]

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)

    def text(self, *hidden: str) -> str:
        return "".join(data for tag, data in self.texts if tag not in {"script", "style", *hidden})


def figures(page: str) -> dict[str, Any]:
    pattern = r'<script type="application/json" id="data-([a-z0-9-]+)">(.*?)</script>'
    return {name: json.loads(text) for name, text in re.findall(pattern, page, flags=re.DOTALL)}


@pytest.fixture(params=RUNS)
def run(request: pytest.FixtureRequest) -> dict[str, Any]:
    value: dict[str, Any] = request.getfixturevalue(request.param)
    return value


def test_the_page_asks_nothing_of_the_network(run: dict[str, Any]) -> None:
    page = Page(render(run))
    for tag, attributes in page.tags:
        assert not {"src", "srcset", "data", "action"} & set(attributes), tag
        assert tag != "link"
        assert (attributes.get("href") or "#").startswith("#")
    policy = next(a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "http" not in policy
    styles = "".join(text for tag, text in page.texts if tag == "style")
    assert "url(" not in styles
    assert "@import" not in styles


def test_the_same_run_gives_the_same_page(run: dict[str, Any]) -> None:
    assert render(run) == render(copy.deepcopy(run))


def test_the_run_is_not_changed(run: dict[str, Any]) -> None:
    before = repr(run)
    render(run)
    assert repr(run) == before


def test_every_id_stands_once_and_every_reference_has_its_target(run: dict[str, Any]) -> None:
    page = Page(render(run))
    assert all(count == 1 for count in Counter(page.ids()).values())
    for _, attributes in page.tags:
        for key in ("aria-labelledby", "aria-describedby"):
            if attributes.get(key):
                assert attributes[key] in page.ids()
        if (attributes.get("href") or "").startswith("#"):
            assert (attributes["href"] or "")[1:] in page.ids()


def test_every_figure_has_a_name_a_caption_and_a_data_table(run: dict[str, Any]) -> None:
    source = render(run)
    page = Page(source)
    count = page.count("figure")
    assert count == len(figures(source)) > 0
    assert page.count("figcaption") == count
    assert source.count("<summary>Data table</summary>") == count
    assert sum(a.get("role") == "img" and bool(a.get("aria-label")) for _, a in page.tags) == count


def test_the_page_has_one_main_heading_and_no_empty_section(run: dict[str, Any]) -> None:
    page = Page(render(run))
    assert page.count("h1") == 1
    assert not re.search(r"<section[^>]*><h2[^>]*>[^<]*</h2></section>", render(run))


def test_every_colour_in_a_figure_is_one_that_the_style_sheet_defines(run: dict[str, Any]) -> None:
    source = render(run)
    light, _, dark = source.partition("@media screen and (prefers-color-scheme: dark)")
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", json.dumps(figures(source))))
    assert used
    for name in used:
        assert f"{name}:" in light
        assert f"{name}:" in dark


def test_a_full_run_shows_everything(binary_run: dict[str, Any]) -> None:
    assert set(figures(render(binary_run))) == {
        "comparison-own",
        "comparison-pooled",
        "convergence-accuracy",
        "convergence-auc",
        "convergence-loss",
        "distribution",
        "institutions-accuracy",
        "institutions-auc",
        "institutions-sensitivity",
        "institutions-specificity",
        "participation",
        "phases",
        "roc",
        "round-seconds",
        "traffic",
        "weights",
    }


def test_a_run_without_a_comparison_says_how_to_get_one(regression_run: dict[str, Any]) -> None:
    source = render(regression_run)
    assert "--compare adds the answer" in source
    assert "comparison-own" not in figures(source)


def test_figures_that_are_undefined_are_left_out(minimal_run: dict[str, Any]) -> None:
    source = render(minimal_run)
    assert set(figures(source)) == {"convergence-accuracy", "institutions-accuracy", "participation"}
    assert "NaN" not in json.dumps(figures(source))
    assert "undefined" in Page(source).text()


def test_a_run_that_is_next_to_empty_still_has_its_page() -> None:
    assert "<h1>t</h1>" in render({"task": "t"})


def test_a_drop_is_named_with_its_round_and_reason(binary_run: dict[str, Any]) -> None:
    text = Page(render(binary_run)).text()
    assert "Round 3: Rural Clinic was dropped: its update holds NaN in layer1.0.conv1.weight" in text
    assert "not sampled" in text


def test_a_round_that_was_rolled_back_is_named_with_its_reason(binary_run: dict[str, Any]) -> None:
    assert "rolled back" not in Page(render(binary_run)).text()
    binary_run["history"][3]["rolled_back"] = "its auc is worse by 0.4 at the median institution"
    text = Page(render(binary_run)).text()
    assert "1 round did harm and was rolled back." in text
    assert "Round 4 was rolled back: its auc is worse by 0.4 at the median institution." in text


def test_the_settings_name_hash_seed_engine_and_the_plan(binary_run: dict[str, Any]) -> None:
    text = Page(render(binary_run)).text()
    for part in (binary_run["plan_hash"], "inprocess", "Seed", "local.lr", "0.001"):
        assert part in text
