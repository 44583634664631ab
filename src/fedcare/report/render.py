"""A run's JSON object in, one HTML file out: no network, no second file, the same text for the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from fedcare.report import (
    comparison,
    convergence,
    costs,
    distribution,
    institutions,
    participation,
    privacy,
    quality,
    settings_table,
    summary,
)
from fedcare.report.blocks import Section
from fedcare.report.facts import Facts, read
from fedcare.report.summary import Card


def render(run: Mapping[str, Any]) -> str:
    """The report of a run as one self-contained page.

    ``run`` is the JSON object that ``simulate`` leaves as ``run.json``; figures it lacks are left out of the page. The
    page holds plotly.js whole (about 5 MB) and a policy that forbids the browser any request.
    """
    facts = read(run)
    cards = summary.cards(facts)
    candidates = (
        comparison.section(facts),
        convergence.section(facts),
        institutions.section(facts),
        quality.section(facts),
        distribution.section(facts),
        participation.section(facts),
        privacy.section(facts),
        costs.section(facts),
        settings_table.section(facts),
    )
    if facts.compare is None:  # How to get an answer is not the first thing to read.
        candidates = (*candidates[1:], candidates[0])
    return page(facts.title, _subtitle(facts), summary.sentences(facts), cards, candidates)


def page(
    title: str, subtitle: str, sentences: Sequence[str], cards: Sequence[Card], candidates: Sequence[Section]
) -> str:
    """A page of this look: sentences on what was found, big figures, and those of the sections that show anything."""
    sections = [part for part in candidates if not part.empty]
    return Template(_asset("page.html")).substitute(
        title=escape(title),
        subtitle=escape(subtitle),
        summary="".join(f"<p>{escape(sentence)}</p>" for sentence in sentences),
        cards="".join(card.html() for card in cards),
        card_count=len(cards),
        contents="".join(f'<li><a href="#{part.name}">{escape(part.title)}</a></li>' for part in sections),
        sections="".join(part.html() for part in sections),
        style=_asset("style.css"),
        script=_asset("page.js"),
        plotly=_plotly(),
    )


def _subtitle(facts: Facts) -> str:
    parts = [facts.task, *(str(facts.raw[key]) for key in ("strategy", "partition") if facts.raw.get(key))]
    plan = str(facts.raw.get("plan_hash") or "")
    return " · ".join([*parts, *([f"plan {plan[:12]}"] if plan else [])])


@cache
def _asset(name: str) -> str:
    return files("fedcare.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("</script", "<\\/script")
