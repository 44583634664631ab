"""Divide one set of records into institutions, for studies in which one machine plays them all.

Every row goes to exactly one institution, and the same seed gives the same division. Where the records come with their
own train, validation and test rows, each of these parts is divided by the same rule, so that every institution gets
its share of each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fedcare.data.apportion import Floats, Integers, apportion, strata
from fedcare.data.records import Records, Rows
from fedcare.data.schema import Kind
from fedcare.errors import BadPartition, TooFewInstitutions, TooFewRecords
from fedcare.plan import derive_seed

WAYS = "hospitals, iid[:N], dirichlet:A[:N], by:COLUMN, files"
USUAL_COUNT = 5
MOST_INSTITUTIONS = 10_000
# What label skew leaves at every institution: of each class one row to train and one to validate on, and rows in all.
LEAST_PER_CLASS = 2
LEAST_PER_INSTITUTION = 5

Rule = Callable[[Integers, np.random.Generator], list[Rows]]


@dataclass(frozen=True)
class Hospital:
    """A hospital of the study: its share of all rows and the share of its rows that are positive, both 0 to 1."""

    name: str
    share: float
    positives: float


HOSPITALS = (
    Hospital("Urban Hospital", share=0.30, positives=0.25),
    Hospital("Rural Hospital", share=0.15, positives=0.20),
    Hospital("Children's Hospital", share=0.10, positives=0.15),
    Hospital("Cancer Center", share=0.25, positives=0.35),
    Hospital("General Hospital", share=0.20, positives=0.30),
)


def divide(records: Records, how: str, kind: Kind, seed: int) -> dict[str, Rows]:
    """Rows of each institution, sorted, by institution name.

    ``how`` is ``hospitals`` (the five of the study), ``iid[:N]`` (at random, five unless N says otherwise),
    ``dirichlet:A[:N]`` (label skew, stronger for smaller A) or ``by:COLUMN`` (one institution per value). Raises
    BadPartition, TooFewInstitutions or TooFewRecords.
    """
    way, _, rest = how.strip().partition(":")
    _enough(len(records), 2)
    if way == "by":
        return _by_column(records, how, rest.strip())
    if way == "files":
        raise BadPartition(partition=how, reason="one file per institution needs a folder of files as --data")
    names, rule = _named_rule(records, how, kind, seed)
    _enough(len(records), len(names))
    return _part_by_part(records, kind, names, rule, seed)


def _named_rule(records: Records, how: str, kind: Kind, seed: int) -> tuple[list[str], Rule]:
    way, *arguments = how.strip().split(":")
    match way, arguments:
        case "hospitals", []:
            return [hospital.name for hospital in HOSPITALS], _hospitals(kind)
        case "iid", [] | [_]:
            count = _count(how, "".join(arguments))
            return _numbered(count), _at_random(count)
        case "dirichlet", [alpha, *rest] if len(rest) < 2:
            count = _count(how, "".join(rest))
            return _numbered(count), _skewed(_concentration(how, alpha), count, strata(records.target, kind), seed)
    raise BadPartition(partition=how, reason=f"known ways are {WAYS}")


def _part_by_part(records: Records, kind: Kind, names: list[str], rule: Rule, seed: int) -> dict[str, Rows]:
    labels = strata(records.target, kind)
    parts = np.full(len(records), "all") if records.split is None else records.split
    gathered: dict[str, list[Rows]] = {name: [] for name in names}
    for part in np.unique(parts):
        rows = np.flatnonzero(parts == part).astype(np.int64)
        rng = np.random.default_rng(derive_seed(seed, "partition", str(part)))
        for name, places in zip(names, rule(labels[rows], rng), strict=True):
            gathered[name].append(rows[places])
    return {name: np.sort(np.concatenate(pieces)) for name, pieces in gathered.items()}


# -- the ways to divide -----------------------------------------------------------------------------------------------


def _by_column(records: Records, how: str, column: str) -> dict[str, Rows]:
    names = {name.casefold(): name for name in records.groups}
    if column not in records.groups and column.casefold() not in names:
        known = ", ".join(sorted(records.groups)) or "none: these records have no such columns"
        raise BadPartition(partition=how, reason=f"it is no column that could divide them; those are: {known}")
    values = records.groups[column if column in records.groups else names[column.casefold()]]
    institutions = {str(value): np.flatnonzero(values == value).astype(np.int64) for value in np.unique(values)}
    _several(len(institutions), f"The column {column} has one value only.")
    return institutions


def _at_random(count: int) -> Rule:
    def rule(labels: Integers, rng: np.random.Generator) -> list[Rows]:
        return np.array_split(rng.permutation(len(labels)), count)

    return rule


def _hospitals(kind: Kind) -> Rule:
    """The study's five: shares of the rows and, for two classes, of the positive rows."""

    def rule(labels: Integers, rng: np.random.Generator) -> list[Rows]:
        sizes = apportion([hospital.share for hospital in HOSPITALS], len(labels))
        if kind != "binary":
            return np.split(rng.permutation(len(labels)), np.cumsum(sizes)[:-1])
        positives = positive_counts(sizes, int(labels.sum()))
        return _deal(labels, np.stack([sizes - positives, positives], axis=1), rng)

    return rule


def positive_counts(sizes: Integers, positives: int) -> Integers:
    """Positive rows of each hospital, shape ``(5,)``, given its rows and the positive rows of all together.

    Ratios keep their proportion to one another while that is possible; where one would exceed 1, their odds do.
    """
    ratios = np.array([hospital.positives for hospital in HOSPITALS])
    scaled = ratios * (positives / max(float(ratios @ sizes), 1e-12))
    if scaled.max() > 1.0:
        scaled = _scaled_odds(ratios, sizes, positives)
    expected = scaled * sizes
    return apportion(expected, positives) if positives else np.zeros(len(sizes), dtype=np.int64)


def _scaled_odds(ratios: Floats, sizes: Integers, positives: int) -> Floats:
    odds = ratios / (1.0 - ratios)
    low, high = 0.0, 60.0  # Logarithm of the common factor, found by bisection: the sum grows with it.
    for _ in range(80):
        middle = (low + high) / 2
        factor = odds * np.exp(middle)
        enough = float((factor / (1.0 + factor)) @ sizes) >= positives
        low, high = (low, middle) if enough else (middle, high)
    factor = odds * np.exp(high)
    return np.asarray(factor / (1.0 + factor))


def _skewed(alpha: float, count: int, labels: Integers, seed: int) -> Rule:
    """Label skew: each institution draws its own mix of classes around the common one (Hsu et al. 2019, section 2).

    Sizes are about equal. As classes are finite, the drawn mixes are fitted to what there is of each class, and
    every institution keeps a few rows of each class (where there are enough), so that none is left without.
    """
    classes, totals = np.unique(labels, return_counts=True)
    rng = np.random.default_rng(derive_seed(seed, "partition", "mixes"))
    mixes = rng.dirichlet(np.maximum(alpha * totals / len(labels), 1e-3), size=count)

    def rule(part: Integers, rng: np.random.Generator) -> list[Rows]:
        places = np.searchsorted(classes, part)
        present = np.bincount(places, minlength=len(classes))
        floor = np.minimum(LEAST_PER_CLASS, present // count)
        fitted = _fit_to_margins(mixes, present - floor * count)
        spread = [apportion(fitted[:, c], int(present[c] - floor[c] * count)) for c in range(len(classes))]
        return _deal(places, _lift(floor + np.stack(spread, axis=1)), rng)

    return rule


def _fit_to_margins(mixes: Floats, totals: Integers) -> Floats:
    """Scale rows and columns of ``mixes``, shape ``(institutions, classes)``, by turns until rows have equal sums and
    columns those of ``totals`` (iterative proportional fitting: Deming and Stephan 1940)."""
    fitted = mixes + 1e-6
    for _ in range(100):
        fitted = fitted / fitted.sum(axis=1, keepdims=True)
        fitted = fitted * (totals / fitted.sum(axis=0))
        fitted = np.maximum(fitted, 1e-12)
    return fitted


def _lift(counts: Integers) -> Integers:
    """Move rows from the largest institutions to those below the least there must be, where there are enough."""
    least = min(LEAST_PER_INSTITUTION, int(counts.sum()) // len(counts))
    sizes = counts.sum(axis=1)
    while sizes.min() < least:
        giver, taker = int(sizes.argmax()), int(sizes.argmin())
        label = int(counts[giver].argmax())
        counts[giver, label] -= 1
        counts[taker, label] += 1
        sizes[giver] -= 1
        sizes[taker] += 1
    return counts


def _deal(labels: Integers, counts: Integers, rng: np.random.Generator) -> list[Rows]:
    """Deal shuffled rows out so that institution i gets ``counts[i, c]`` rows of class c."""
    hands: list[list[Rows]] = [[] for _ in counts]
    for label in range(counts.shape[1]):
        shuffled = rng.permutation(np.flatnonzero(labels == label))
        for hand, rows in zip(hands, np.split(shuffled, np.cumsum(counts[:, label])[:-1]), strict=True):
            hand.append(rows)
    return [np.concatenate(hand) for hand in hands]


# -- reading what was asked for ---------------------------------------------------------------------------------------


def _count(how: str, text: str) -> int:
    if not text:
        return USUAL_COUNT
    if not text.isascii() or not text.isdigit() or int(text) > MOST_INSTITUTIONS:
        raise BadPartition(partition=how, reason=f"{text!r} is not a number of institutions (2 to {MOST_INSTITUTIONS})")
    _several(int(text), "Ask for more.")
    return int(text)


def _concentration(how: str, text: str) -> float:
    try:
        alpha = float(text)
    except ValueError:
        alpha = float("nan")
    if not 1e-3 <= alpha <= 1e6:
        raise BadPartition(partition=how, reason="write dirichlet:A with A from 0.001 to 1000000, as in dirichlet:0.5")
    return alpha


def _numbered(count: int) -> list[str]:
    return [f"Institution {number:0{len(str(count))}}" for number in range(1, count + 1)]


def _several(count: int, hint: str) -> None:
    if count < 2:
        raise TooFewInstitutions(found=count, needed=2, hint=hint)


def _enough(rows: int, institutions: int) -> None:
    if rows < institutions or not rows:
        hint = f"They cannot be divided into {institutions} institutions."
        raise TooFewRecords(who="The whole set", found=rows, needed=institutions, hint=hint)
