"""What a strategy is, and how one is found by name.

A strategy is registered under the entry point group ``fedcare.strategies``: a callable that takes the plan's options as
keywords and returns an object with the methods of ``Strategy``. FedCare's own ones use the same door.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from fedcare.errors import BadSetting, UnknownStrategy
from fedcare.plan import LocalTraining, StrategyChoice
from fedcare.update import Manifest, ModelUpdate, Vector

State = Mapping[str, npt.NDArray[np.float32]]
GROUP = "fedcare.strategies"


class Strategy(Protocol):
    """Turns one round's updates into the next global weights."""

    @property
    def minimum_updates(self) -> int:
        """Fewest updates the strategy can work with, such as Bulyan's 4f + 3."""
        ...

    def local(self, local: LocalTraining) -> LocalTraining:
        """What the strategy asks of local training; it becomes part of the plan before the plan is hashed."""
        ...

    def aggregate(
        self, round_number: int, current: Vector, updates: Sequence[ModelUpdate], manifest: Manifest
    ) -> Vector:
        """The next global weights, shape ``(parameters,)``, from validated updates sorted by institution."""
        ...

    def state(self) -> State:
        """What the strategy remembers between rounds (momentum and the like), for the checkpoint."""
        ...

    def restore(self, state: State) -> None:
        """Take back what ``state`` gave: after a restart, and where a round is rolled back; {} is the beginning."""
        ...


def names() -> list[str]:
    """Names of all registered strategies, sorted."""
    return sorted(_registered())


def create(choice: StrategyChoice) -> Strategy:
    """The strategy that a plan names, with the plan's options.

    Raises UnknownStrategy for a name nobody registered and BadSetting for options it does not take.
    """
    entry = _registered().get(choice.name)
    if entry is None:
        raise UnknownStrategy(strategy=choice.name, known=", ".join(names()))
    try:
        return cast(Strategy, entry.load()(**choice.options))
    except (TypeError, ValueError) as error:
        raise BadSetting(
            setting=f"strategy {choice.name}", value=dict(choice.options), reason=_in_plain_words(error)
        ) from error


@cache
def _registered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _in_plain_words(error: Exception) -> str:
    return str(error).split("()")[-1].replace("got an unexpected keyword argument", "it has no option").strip()
