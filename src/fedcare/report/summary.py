"""The top of the page: what the run found, in words a hospital's director understands, and its big figures."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from fedcare.report import words
from fedcare.report.comparison import verdict
from fedcare.report.facts import Facts

_CARDS = {
    "binary": ("accuracy", "sensitivity", "specificity"),
    "multiclass": ("accuracy", "brier"),
    "regression": ("mae", "r2"),
}


@dataclass(frozen=True)
class Card:
    """One big figure: its name, its value as text, and a line that says what it means."""

    name: str
    value: str
    note: str
    leading: bool = False

    def html(self) -> str:
        """The card as one item of a description list."""
        kind = "card leading" if self.leading else "card"
        return (
            f'<div class="{kind}"><dt>{escape(self.name)}</dt>'
            f"<dd><strong>{escape(self.value)}</strong><span>{escape(self.note)}</span></dd></div>"
        )


def cards(facts: Facts) -> list[Card]:
    """The deciding metric first, the kind's usual metrics after it, then the size of the run."""
    metrics = [facts.metric, *(m for m in _CARDS.get(facts.kind, ()) if m != facts.metric)]
    figures = [
        Card(
            words.metric_name(metric),
            words.write(metric, facts.metrics[metric], facts.unit),
            _note(facts, metric),
            leading=metric == facts.metric,
        )
        for metric in metrics
        if metric in facts.metrics
    ]
    rows = facts.rows
    count = len(facts.institutions)
    figures.append(Card("Institutions", f"{count:,}", f"{words.plural(rows, 'training row')} in all"))
    best = "" if facts.best_round is None else f"the best was round {facts.best_round:,}"
    figures.append(Card("Rounds", f"{facts.rounds:,}", best))
    if facts.seconds is not None:
        figures.append(Card("Time", words.seconds(facts.seconds), "from start to report"))
    return figures


def _note(facts: Facts, metric: str) -> str:
    """What a figure means, and how far noise may have moved it."""
    meaning, known = words.MEANINGS.get(metric, ""), facts.intervals
    if metric not in known:
        return meaning
    ends = known[metric]
    if ends is None:
        return f"too noisy to rely on; {meaning}"
    low, high = (words.write(metric, end, facts.unit) for end in ends)
    return f"{low} to {high}, from the noise; {meaning}"


def sentences(facts: Facts) -> list[str]:
    """What was done, how good the model is, and whether joining paid: one sentence each."""
    return [_what_was_done(facts), *_how_good(facts), *verdict(facts)]


def _what_was_done(facts: Facts) -> str:
    count = len(facts.institutions)
    who = f"{words.count_word(count)} institution{'' if count == 1 else 's'}"
    rows = facts.rows
    return (
        f"{who[:1].upper()}{who[1:]} trained one shared model in {words.plural(facts.rounds, 'round')} on "
        f"{words.plural(rows, 'row')}, exchanging model weights and sums, never a record."
    )


def _how_good(facts: Facts) -> list[str]:
    judged = sum(institution.judged for institution in facts.institutions)
    rows = f"On {words.plural(judged, f'{facts.judged_on} row')}" if judged else f"On the {facts.judged_on} rows"
    found = _QUALITY.get(facts.kind, _binary)(facts)
    if not found:
        return [f"{rows}, no figure of quality could be computed."]
    caveat = (
        " These rows did not train the model, but they chose its best round, so expect slightly less on new patients."
        if facts.judged_on == "validation"
        else " These rows had no part in training or in choosing the model."
    )
    return [f"{rows}, {found}.{caveat}"]


def _binary(facts: Facts) -> str:
    parts = []
    if (value := facts.metrics.get("sensitivity")) is not None:
        parts.append(f"it finds {words.write('sensitivity', value)} of the positive cases")
    if (value := facts.metrics.get("specificity")) is not None:
        parts.append(f"rightly clears {words.write('specificity', value)} of the others")
    if (value := facts.metrics.get("auc")) is not None:
        share = words.write("accuracy", value)
        parts.append(
            f"ranks a positive case above a negative one in {share} of pairs (AUC {words.write('auc', value)})"
        )
    if not parts and (value := facts.metrics.get("accuracy")) is not None:
        parts.append(f"it is right in {words.write('accuracy', value)} of cases")
    text = words.listed(parts)
    return text if not text or text.startswith("it ") else f"it {text}"


def _multiclass(facts: Facts) -> str:
    value = facts.metrics.get("accuracy")
    return "" if value is None else f"it names the right class for {words.write('accuracy', value)} of cases"


def _regression(facts: Facts) -> str:
    parts = []
    if (value := facts.metrics.get("mae")) is not None:
        parts.append(f"a prediction is off by {words.write('mae', value, facts.unit)} on average")
    if (value := facts.metrics.get("r2")) is not None:
        explained = words.write("accuracy", value) if value > 0 else "none"
        parts.append(f"the model explains {explained} of the variation (R² {words.write('r2', value)})")
    return words.listed(parts)


_QUALITY = {"binary": _binary, "multiclass": _multiclass, "regression": _regression}
