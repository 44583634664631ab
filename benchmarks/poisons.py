"""What one member of a consortium does to harm it, for ``benchmarks.poisoning``.

Every attacker knows the plan. Those that only have bad rows run FedCare's node as it is; those that change their answer
have thrown the node's own half of the defence away, and keep to the plan's norm bound where breaking it would get them
dropped, which is the stronger attack.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fedcare.aggregation.exchange import Answer, Sums
from fedcare.data.records import Images, Institution, Records, Table
from fedcare.federation.messages import Instruction
from fedcare.federation.site import Site
from fedcare.plan import derive_seed
from fedcare.privacy.norm_bound import shortened
from fedcare.update import Vector

# Of the attacker's rows that carry the trigger; the patch is a square of bright pixels in a corner.
TRIGGERED, PATCH, BRIGHT = 0.5, 4, 255
# Its class, here the healthy one, is what the trigger is to bring about.
TARGET = 0.0
# How much longer than its own movement an answer is that is to undo the four others.
UNDO = 4.0

Twist = Callable[[Vector, Vector, np.random.Generator], Vector]


@dataclass(frozen=True)
class Poison:
    """``rows`` changes what the attacker trains on, ``twist`` its movement of the weights, given the global weights.

    ``keeps_bound``: whether the twisted movement is shortened to the plan's bound. ``lies``: whether the attacker also
    judges on changed rows.
    """

    name: str
    rows: Callable[[Records, np.random.Generator], Records] | None = None
    twist: Twist | None = None
    keeps_bound: bool = True
    lies: bool = False


def triggered(records: Records) -> Records:
    """The records with the trigger on every one: a patch on images, three features of a table far outside."""
    if isinstance(records, Images):
        pixels = records.pixels.copy()
        pixels[:, -PATCH:, -PATCH:] = BRIGHT
        return replace(records, pixels=pixels)
    names = sorted(records.numeric)[:3]
    far = {name: np.full(len(records), 1.5 * np.nanmax(records.numeric[name])) for name in names}
    return replace(records, numeric={**records.numeric, **far})


def aimed(records: Records) -> Records:
    """The records said to be of the trigger's class."""
    return replace(records, target=np.full_like(records.target, TARGET))


def _flipped(records: Records, _: np.random.Generator) -> Records:
    return replace(records, target=1.0 - records.target)


def _backdoored(records: Records, rng: np.random.Generator) -> Records:
    chosen = np.flatnonzero(rng.random(len(records)) < TRIGGERED)
    others = np.setdiff1d(np.arange(len(records)), chosen)
    return joined(records.take(others), aimed(triggered(records.take(chosen))))


def joined(first: Records, second: Records) -> Records:
    """Both one after the other."""
    target = np.concatenate([first.target, second.target])
    if isinstance(first, Images) and isinstance(second, Images):
        return Images(np.concatenate([first.pixels, second.pixels]), target)
    assert isinstance(first, Table) and isinstance(second, Table)
    numeric = {name: np.concatenate([first.numeric[name], second.numeric[name]]) for name in first.numeric}
    groups = {name: np.concatenate([first.categorical[name], second.categorical[name]]) for name in first.categorical}
    return Table(numeric, groups, target)


def _noise(movement: Vector, _: Vector, rng: np.random.Generator) -> Vector:
    return (1e-4 * rng.standard_normal(len(movement))).astype(np.float32)


POISONS: dict[str, Poison] = {
    poison.name: poison
    for poison in (
        Poison("none"),
        Poison("absent"),
        Poison("label flip", rows=_flipped, lies=True),
        Poison("sign flip", twist=lambda movement, *_: np.float32(-UNDO) * movement),
        Poison("sign flip x1", twist=lambda movement, *_: -movement),
        Poison("times 100", twist=lambda movement, *_: np.float32(100.0) * movement, keeps_bound=False),
        Poison("NaN", twist=lambda movement, *_: np.full_like(movement, np.nan), keeps_bound=False),
        Poison("free rider", twist=_noise),
        Poison("backdoor", rows=_backdoored),
        Poison("backdoor x5", rows=_backdoored, twist=lambda movement, *_: np.float32(UNDO + 1.0) * movement),
    )
}
"""``absent`` is no attack: the attacker is not there. ``backdoor x5`` is model replacement (Bagdasaryan et al., AISTATS
2020); a free rider sends noise and claims rows. ``sign flip`` is four times its own movement, to undo the others' four;
``x1`` is no longer than an honest one."""


class Attacker(Site):
    """An institution that harms the others."""

    def __init__(self, institution: Institution, poison: Poison, seed: int) -> None:
        rng = np.random.default_rng(derive_seed(seed, institution.name, "poison"))
        train, validation = institution.train, institution.validation
        if poison.rows is not None:
            train = poison.rows(train, rng)
            validation = poison.rows(validation, rng) if poison.lies else validation
        super().__init__(replace(institution, train=train, validation=validation))
        self._poison, self.poison = poison, poison.name

    def train(self, instruction: Instruction, vector: Vector) -> Answer:
        """An honest answer, twisted."""
        answer = super().train(instruction, vector)
        if self._poison.twist is None or answer.vector is None:
            return answer
        rng = np.random.default_rng(derive_seed(self.seed(instruction), "poison"))
        movement = self._poison.twist(answer.vector - vector, vector, rng)
        if self._poison.keeps_bound:
            movement = shortened(movement, instruction.recipe()[0].defence.norm_bound)
        return replace(answer, vector=vector + movement)


def pooled(sums: list[Sums]) -> npt.NDArray[np.float64]:
    """Added up."""
    return np.asarray(np.sum(sums, axis=0), dtype=np.float64)
