"""Institutions and a coordinator of a secure sum in one process, in which anybody may drop out at any step."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

import numpy as np

from fedcare.errors import SecureSumFailed
from fedcare.privacy.secure_sum.collector import Agreement, Sum
from fedcare.privacy.secure_sum.fixed_point import from_wide, to_ring, to_wide
from fedcare.privacy.secure_sum.masks import Masked
from fedcare.privacy.secure_sum.member import Member

STEPS = ("invite", "share", "deliver", "masked", "survivors", "reveal")
BOUND = 8.0
STAYS = len(STEPS)


class Stamp:
    """A lasting key for tests of the protocol: quick, and as good as a certificate for what is tested here."""

    def __init__(self, name: str) -> None:
        self.name, self.certificate = name, b"certificate of " + name.encode()

    def sign(self, data: bytes) -> bytes:
        return hmac.digest(b"secret of " + self.name.encode(), data, hashlib.sha256)


class Stamps:
    def verify(self, name: str, certificate: bytes, signature: bytes, data: bytes) -> None:
        if signature != Stamp(name).sign(data) or certificate != Stamp(name).certificate:
            raise SecureSumFailed(reason=f"the keys shown for {name} are not signed by it")


class Consortium:
    """``leaves``: the step, counted from 0, that an institution does not answer any more, and what it is told."""

    member, agreement = Member, Agreement

    def __init__(self, names: Sequence[str], threshold: float = 0.6, least: int = 2) -> None:
        self.names, self.threshold = sorted(names), threshold
        self.members = {name: self.member(Stamp(name), Stamps(), threshold, least) for name in names}

    def agree(self, sums: int = 2, leaves: Mapping[str, int] | None = None) -> Agreement:
        leaves = leaves or {}
        agreement = self.agreement(self.names, sums, self.threshold)
        for name in self._left(leaves, 0, self.names):
            agreement.take_keys(name, self.members[name].invite("plan", agreement.invite()))
        directory = agreement.directory()
        for name in self._left(leaves, 1, directory.members):
            agreement.take_shares(name, self.members[name].share(directory))
        delivery = agreement.delivery()
        for name in self._left(leaves, 2, delivery.members):
            self.members[name].deliver(delivery)
            agreement.take_stand(name)
        return agreement

    def mask(self, agreement: Agreement, inputs, leaves=None, context: str = "question") -> Sum:
        """A sum in which those who stay have answered ``inputs``: by name, wide numbers and a movement of weights."""
        (parameters,) = {len(movement) for _, movement in inputs.values()}
        formed = agreement.next_sum(context, parameters)
        for name in self._left(leaves or {}, 3, formed.members):
            masked = summand(*inputs[name], share=1 / len(self.names))
            formed.take_masked(name, self.members[name].mask(formed.call(), context, masked))
        return formed

    def finish(self, formed: Sum, leaves=None) -> Masked:
        survivors = formed.ask_survivors()
        for name in self._left(leaves or {}, 4, survivors.members):
            formed.take_signature(name, self.members[name].survivors(survivors))
        reveal = formed.ask_reveal()
        for name in self._left(leaves or {}, 5, reveal.members):
            formed.take_revealed(name, self.members[name].reveal(reveal))
        return formed.total()

    @staticmethod
    def _left(leaves: Mapping[str, int], step: int, names: Sequence[str]) -> list[str]:
        return [name for name in names if leaves.get(name, STAYS) > step]


def summand(wide, movement, share: float) -> Masked:
    return Masked(to_wide(np.asarray(wide, dtype=np.float64)), to_ring(movement, share, BOUND))


def plain_sum(inputs, names, share: float) -> Masked:
    """The sum that secure aggregation has to give, bit for bit."""
    first, *others = (summand(*inputs[name], share=share) for name in names)
    for other in others:
        first.add(other)
    return first


def random_inputs(names, chance: np.random.Generator, parameters: int = 20):
    return {
        name: (
            chance.normal(size=6) * 10.0 ** chance.integers(-8, 20, size=6),
            chance.normal(size=parameters).astype(np.float32),
        )
        for name in names
    }


def same(one: Masked, other: Masked) -> bool:
    return one.wide.tobytes() == other.wide.tobytes() and one.ring.tobytes() == other.ring.tobytes()


def numbers(total: Masked) -> np.ndarray:
    return from_wide(total.wide)
