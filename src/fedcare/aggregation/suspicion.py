"""Who may have done the harm that was found in a masked group, of which nobody sees a single member's update.

Groups are drawn anew in each round, so an attacker is in every group that does harm and an honest member only in some:
whoever was in all of them is left (group testing: Dorfman, 1943). Suspects are dealt into different groups, so that
each round that does harm halves them. Everything here follows from the rounds' records, so that a resumed run suspects
the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from fedcare.aggregation.exchange import RoundRecord
from fedcare.aggregation.validation import GROUP_MEAN

HARMED = "without its update the round was better"
SITS_OUT = "not asked in this round, as its groups did harm before"


@dataclass(frozen=True)
class Suspicion:
    """``suspects``: one of them did the harm that was found last. ``away``: who is not to be asked in the next round,
    whose groups did harm most often first."""

    suspects: frozenset[str] = frozenset()
    away: tuple[str, ...] = ()


NOBODY_SUSPECTED = Suspicion()


def suspicion(history: Sequence[RoundRecord]) -> Suspicion:
    """What the rounds so far say of the next one.

    A round in which a group did harm leaves those suspects who were in it; where none was, its members are the new
    ones. Whose update stands in a round is cleared, but for whoever is doubtful: the harm of a member that pulls back
    cannot be told from chance in each round, and the next would clear it. Who alone is left sits out as many rounds as
    its groups have done harm, and is suspected when it comes back: harm again sends it away for longer, none clears it.
    So chance costs an honest member a few rounds, and an attacker takes part in fewer and fewer.
    """
    suspects: Set[str] = frozenset()
    harm: Counter[str] = Counter()
    back: dict[str, int] = {}
    for record in history:
        accused = {name for name, why in record.dropped.items() if _is_harm(why)}
        harm.update(accused)
        cleared = set[str]() if record.rolled_back else record.participants.keys() - {*record.doubtful}
        unheard = suspects - accused - cleared
        blamed = suspects & accused or accused
        suspects = blamed | unheard
        if len(blamed) == 1:
            (name,) = blamed
            back[name] = record.round + harm[name] + 1
    upcoming = history[-1].round + 1 if history else 1
    away = sorted((name for name, when in back.items() if upcoming < when), key=lambda name: (-harm[name], name))
    return Suspicion(frozenset(suspects), tuple(away))


def dealt(names: Sequence[str], suspects: Set[str], seed: int) -> list[str]:
    """The names in the order in which they are dealt into groups: by chance, but suspects first and so into different
    ones."""
    order = np.random.default_rng(seed).permutation(sorted(names)).tolist()
    return sorted(order, key=lambda name: name not in suspects)


def _is_harm(reason: str) -> bool:
    return reason == HARMED or reason.startswith(GROUP_MEAN)
