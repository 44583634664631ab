"""Whose updates a round is better without: a plan with an acceptance test tries each round without a part of them.

A member that pulls against all others need not make a round worse than the last: it may only make it gain less. That
shows nowhere but in the round without it. Source: loss-function-based rejection (Fang et al., USENIX Security 2020,
section 5.2), with the institutions' rows for the coordinator's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

import numpy as np

from fedcare.aggregation.acceptance import MOST_BOUNDED_LOSS, MOST_OF_SUSPECTS, parts, speaks_for, weighs_on
from fedcare.aggregation.checkpoint import RunState
from fedcare.aggregation.judging import Judgement
from fedcare.aggregation.suspicion import HARMED
from fedcare.update import ModelUpdate, Vector


@dataclass(frozen=True)
class Attempt:
    """A round's weights as they would be with some updates, and the run's state ``after`` it.

    ``gained``: how much better the deciding metric became, None where nobody knows or no plan asks. ``refusal``: why
    the institutions do not accept it. ``left_out``: by institution, why its update is not among them. ``doubtful``:
    members of masked groups that the round is not clearly better for.
    """

    updates: Sequence[ModelUpdate]
    candidate: Vector
    judgement: Judgement
    after: RunState
    gained: float | None = None
    refusal: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    doubtful: Set[str] = frozenset()


def best_attempt(
    attempt: Callable[[Sequence[ModelUpdate]], Attempt],
    enough: Callable[[Sequence[ModelUpdate]], bool],
    updates: Sequence[ModelUpdate],
    suspected: Set[str],
    tolerance: float,
    seed: int,
) -> Attempt:
    """The round with all updates, or without those whose absence helps most.

    Where the whole round is accepted, the gain has to be greater than the ``tolerance``, what the plan lets a round
    lose, before anybody is left out; for all who are ``suspected`` together any gain will do, since late rounds move
    the metric little. What hardly shows in how patients are ranked, as flipped labels do not, shows in the loss: who
    weighs too much on that is left out as well, and a masked group with one of the ``suspected`` in it sooner. ``seed``
    draws the parts that are tried.
    """
    whole = attempt(updates)
    masked, doubtful = not whole.judgement.institutions, set[str]()
    best, floor = whole, -np.inf if whole.refusal else whole.gained or 0.0
    most = 0.0, floor
    for part in parts(len(updates), seed):
        rest = [update for place, update in enumerate(updates) if place not in part]
        if not enough(rest):
            continue
        tried = attempt(rest)
        out = [name for place in part for name in updates[place].participants]
        bar = floor if suspected and suspected <= {*out} else floor + tolerance
        most_of_loss = MOST_OF_SUSPECTS if masked and not suspected.isdisjoint(out) else MOST_BOUNDED_LOSS
        rank = weighs_on(whole.judgement, tried.judgement, most_of_loss), tried.gained or 0.0
        if masked and not _helped(whole, tried):
            doubtful |= {*out}
        if tried.refusal is None and (rank[0] > 0.0 or rank[1] > bar) and rank > most:
            most, best = rank, replace(tried, left_out=dict.fromkeys(out, HARMED))
    return replace(best, doubtful=doubtful)


def _helped(whole: Attempt, rest: Attempt) -> bool:
    """Whether the whole round is clearly better than the ``rest`` of it, in the bounded loss and in the metric.

    Two groups are often better than either alone, even if one holds a member that pulls back; the metric tells that. It
    is moved by rows with wrong labels, and the bounded loss is not.
    """
    return speaks_for(whole.judgement, rest.judgement) and (rest.gained or 0.0) < (whole.gained or 0.0)
