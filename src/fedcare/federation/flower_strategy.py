"""Flower's strategy classes behind FedCare's contract: their arithmetic, our round loop, sampling and validation."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from flwr.app import ArrayRecord, MetricRecord, RecordDict
from flwr.serverapp.strategy import FedAvg

from fedcare.aggregation.strategy import State
from fedcare.errors import QuorumLost
from fedcare.federation.arrays import packed
from fedcare.plan import LocalTraining
from fedcare.update import Manifest, ModelUpdate, Vector, weighted_mean

# Flower tells of every aggregation on the console; FedCare's own progress already does.
logging.getLogger("flwr").setLevel(logging.WARNING)

KEY = "vector"
Adjust = Callable[[LocalTraining], LocalTraining]


class FlowerStrategy:
    """What both kinds have in common: options of local training, and one call of Flower's ``aggregate_train``."""

    def __init__(self, flower: FedAvg, adjust: Adjust | None = None, minimum_updates: int = 1) -> None:
        self._flower: Any = flower
        self._adjust = adjust
        self._minimum = minimum_updates

    @property
    def minimum_updates(self) -> int:
        """Fewest updates the strategy can work with."""
        return self._minimum

    def local(self, local: LocalTraining) -> LocalTraining:
        """Local training as the strategy wants it."""
        return self._adjust(local) if self._adjust else local

    def state(self) -> State:
        """Nothing is remembered."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing to take back."""

    def _ask_flower(self, round_number: int, replies: list[_Reply]) -> Vector:
        arrays, _ = self._flower.aggregate_train(round_number, replies)
        if arrays is None:
            raise QuorumLost(round=round_number, usable=len(replies), needed=self._minimum, reasons="")
        return arrays[KEY].numpy().astype(np.float32)  # type: ignore[no-any-return]


class MeanStrategy(FlowerStrategy):
    """A strategy that needs no single update, only their weighted mean: FedAvg and the server-side optimisers.

    The mean is all it is given, so it works as well on what secure aggregation hands over. Server-side steps are taken
    on learned parameters alone: momentum could push a batch norm's running variance below zero.
    """

    def __init__(self, flower: FedAvg, adjust: Adjust | None = None, remembers: Sequence[str] = ()) -> None:
        super().__init__(flower, adjust)
        self._remembers = tuple(remembers)

    def aggregate(
        self, round_number: int, current: Vector, updates: Sequence[ModelUpdate], manifest: Manifest
    ) -> Vector:
        """The mean, after the server's step on its learned part."""
        mean = weighted_mean(updates)
        learned = manifest.learned_size
        if self._remembers:
            self._set_current(current[:learned])
        reply = _reply(mean[:learned], sum(update.examples for update in updates))
        mean[:learned] = self._ask_flower(round_number, [reply])
        return mean

    def state(self) -> State:
        """Momentum and second moments, by Flower's own attribute names."""
        return {name: array for name in self._remembers if (array := _first(getattr(self._flower, name))) is not None}

    def restore(self, state: State) -> None:
        """Put momentum and second moments back in the form Flower keeps them; what is not there is forgotten."""
        for name in self._remembers:
            array = state.get(name)
            kept: Any = None if array is None else [array] if name == "momentum_vector" else {KEY: array}
            setattr(self._flower, name, kept)

    def _set_current(self, current: Vector) -> None:
        # FedAvgM keeps the weights before the round as a record, the FedOpt family as arrays.
        as_record = "momentum_vector" in self._remembers
        self._flower.current_arrays = _record(current) if as_record else {KEY: current}


class RobustStrategy(FlowerStrategy):
    """A strategy that looks at every update, to leave out or outvote a poisoned one.

    Flower is given the movements (update minus global weights): they are small numbers, so that distances between
    them keep their digits, and the rules here do not depend on where zero lies.
    """

    def aggregate(
        self, round_number: int, current: Vector, updates: Sequence[ModelUpdate], manifest: Manifest
    ) -> Vector:
        """The global weights moved as the rule decides, batch norm's running statistics included."""
        replies = [_reply(update.vector - current, update.examples) for update in updates]
        return current + self._ask_flower(round_number, replies)


@dataclass(frozen=True)
class _Reply:
    """The part of a Flower message that its strategies read; a whole one needs a running task to belong to."""

    content: RecordDict

    def has_error(self) -> bool:
        return False


def _reply(vector: Vector, examples: int) -> _Reply:
    return _Reply(RecordDict({"update": _record(vector), "metrics": MetricRecord({"num-examples": examples})}))


def _record(vector: Vector) -> ArrayRecord:
    return ArrayRecord({KEY: packed(vector)})


def _first(kept: Any) -> npt.NDArray[np.float32] | None:
    if not kept:
        return None
    array = kept[0] if isinstance(kept, list) else kept[KEY]
    return np.asarray(array)
