"""The page of an audit: what a run claims about privacy, and what came of trying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fedcare.report.blocks import DataTable, Picture, Plot, Section
from fedcare.report.drawing import ACCENT, INK, QUIET, Trace, axis, draw
from fedcare.report.render import page
from fedcare.report.summary import Card

Audit = Mapping[str, Any]

POINTS_SHOWN = (0.01, 0.05, 0.1, 0.25, 0.5)


def render_audit(title: str, audit: Audit, pictures: Sequence[Picture] = ()) -> str:
    """The audit as one self-contained page; ``audit`` is its JSON object, ``pictures`` what was made of images."""
    sections = [_membership(audit["membership"]), _canaries(audit), _inversion(audit["inversion"], pictures)]
    subtitle = f"audit of privacy · run {audit['run']} · seed {audit['seed']}"
    return page(title, subtitle, sentences(audit), _cards(audit), sections)


def sentences(audit: Audit) -> list[str]:
    """What was found, in one sentence each."""
    claimed, measured = audit["epsilon_claimed"], audit["epsilon_measured"]
    said = "The run promises no epsilon" if claimed is None else f"The run claims an epsilon of {claimed:.3g}"
    at = f"at delta {audit['delta']:g}"
    if measured is None:
        first = f"{said}; under batch norm no record has a gradient of its own to be looked for, so none was measured."
    else:
        first = f"{said} {at}; an attacker who sees every step proves at least {measured:.3g}."
    if audit["broken"]:
        first += " That is more than was claimed: the protection does not do what it says."
    members = audit["membership"]
    sure = members["auc"] - 2 * members["error"]
    second = (
        f"Whether a record was among the training rows can be told with an AUC of {members['auc']:.3f}"
        f" +- {members['error']:.3f}{'' if sure > 0.5 else ', which is no better than guessing'}."
    )
    return [first, second, _inverted(audit["inversion"])]


def _inverted(found: Audit) -> str:
    noise = f"clipping to {found['protection']['clip']:g} and noise of {found['protection']['noise_multiplier']:.3g}"
    if found["of"] == "rows":
        shares = found["recovered"]
        return (
            f"From the gradient of a batch of {found['batch']} rows, {shares['plain']:.0%} of the rows can be read; "
            f"after {noise}, {shares['protected']:.0%}."
        )
    likeness = found["ssim"]
    return (
        f"From the gradient of one image, the image can be found to a likeness (SSIM) of {likeness['plain']:.2f}; "
        f"after {noise}, {likeness['protected']:.2f}."
    )


def _cards(audit: Audit) -> list[Card]:
    claimed, measured, members = audit["epsilon_claimed"], audit["epsilon_measured"], audit["membership"]
    at = f"at delta {audit['delta']:g}"
    return [
        Card("Epsilon claimed", "none" if claimed is None else f"{claimed:.3g}", "" if claimed is None else at),
        Card(
            "Epsilon measured",
            "-" if measured is None else f"≥ {measured:.3g}",
            "not under batch norm" if measured is None else f"{at}, {audit['confidence']:.0%} confidence",
            leading=True,
        ),
        Card("Attack AUC", f"{members['auc']:.3f}", f"membership, by {members['method']}; 0.5 is guessing"),
        Card("Members found", f"{members['tpr_at_1_percent']:.1%}", "at false alarms for 1% of others"),
    ]


def _membership(found: Audit) -> Section:
    how = (
        f"{found['shadows']} shadow models were trained by the run's own plan on random halves of the records; each "
        "record's answer is compared with those of the models that had seen it and of those that had not."
        if found["shadows"]
        else "A record on which the loss is low is taken for one of the training rows."
    )
    text = f"{found['members']:,} training rows against {found['others']:,} validation rows. {how}"
    plot = _curve(found, "membership", "How well members are told from others")
    return Section("membership", "Was a record among the training rows?", [text], plots=[plot])


def _canaries(audit: Audit) -> Section:
    found = audit["canaries"]
    if found is None:
        return Section("canaries", "Canaries")
    bounds = found["epsilon_at_least"]
    text = (
        f"{found['canaries']:,} invented records were put among the training rows, each by the throw of a coin, and "
        "the plan was carried out once. An attacker who knows all records and sees what the optimiser gets says "
        "of each canary whether it was there. What so many right guesses prove:"
    )
    rows = [
        ("of any mechanism", f"≥ {bounds['any_mechanism']:.3g}"),
        ("of Gaussian noise, as DP-SGD promises", f"≥ {bounds['gaussian']:.3g}"),
        *((f"right of {each['guessed']:,} guesses", f"{each['right']:,}") for each in found["guesses"]),
    ]
    plot = _curve(found, "canaries", "How well canaries are told from those left out")
    return Section(
        "canaries", "One training with canaries", [text], plots=[plot], tables=[DataTable(("Epsilon", ""), rows)]
    )


def _inversion(found: Audit, pictures: Sequence[Picture]) -> Section:
    text = _inverted(found) + (
        " The attack is on the first step of the first round, when a gradient tells most; a round of many "
        "steps tells less."
    )
    warning = " The pictures show real records: keep this page where the records are." if pictures else ""
    return Section("inversion", "Records from gradients", [text + warning], plots=pictures)


def _curve(found: Audit, name: str, title: str) -> Plot:
    false, true = found["curve"]["fpr"], found["curve"]["tpr"]
    traces: list[Trace] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, 1],
            "y": [0, 1],
            "line": {"color": QUIET, "width": 1, "dash": "dot"},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "x": false,
            "y": true,
            "line": {"color": ACCENT, "width": 3},
            "hovertemplate": "%{y:.0%} found at %{x:.0%} false alarms<extra></extra>",
        },
    ]
    ends = {"tickformat": ".0%", "range": [0, 1]}
    drawing = draw(traces, 360, xaxis=axis("False alarms", **ends), yaxis=axis("Found", **ends), font={"color": INK})
    rows = [(f"{place:.0%}", f"{_at(false, true, place):.1%}") for place in POINTS_SHOWN]
    caption = "The dotted line is guessing; the higher above it, the more is given away."
    return Plot(f"{name}-curve", title, caption, drawing, DataTable(("False alarms", "Found"), rows), "square")


def _at(false: Sequence[float], true: Sequence[float], place: float) -> float:
    """The true positive rate at the last point whose false positive rate is no greater."""
    return max(t for f, t in zip(false, true, strict=True) if f <= place + 1e-9)
