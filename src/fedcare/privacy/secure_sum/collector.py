"""The coordinator's half: it carries words between institutions, adds up masked answers, takes the masks off."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from fedcare.errors import SecureSumFailed
from fedcare.privacy.secure_sum.keys import pair_seed, pair_sign, private_of, self_seed
from fedcare.privacy.secure_sum.masks import Bytes, Masked
from fedcare.privacy.secure_sum.rules import threshold_of
from fedcare.privacy.secure_sum.shamir import SHARE_BYTES, join
from fedcare.privacy.secure_sum.wire import (
    Call,
    Delivery,
    Directory,
    Invite,
    Keys,
    Reveal,
    Revealed,
    Shares,
    Signed,
    Step,
    Survivors,
    read,
)


class Agreement:
    """Keys of some institutions for so many ``sums``, made anew for whoever takes part.

    Whoever does not answer a step is left out of the next; ``require`` says whether enough are left. ``answering`` and
    ``opening`` name the steps in which a sum is answered, and its total opened.
    """

    answering: ClassVar[Step] = "masked"
    opening: ClassVar[Step] = "reveal"

    def __init__(self, names: Sequence[str], sums: int, threshold: float) -> None:
        self.session, self.sums = secrets.token_hex(32), sums
        self._threshold, self._used = threshold, 0
        self._invited = tuple(sorted(names))
        self._keys: dict[str, Keys] = {}
        self._shares: dict[str, Shares] = {}
        self._standing: set[str] = set()

    def invite(self) -> Invite:
        """The first question."""
        return Invite(session=self.session, members=self._invited, sums=self.sums)

    def take_keys(self, name: str, keys: Keys) -> None:
        """An institution's keys; raises SecureSumFailed where they are another's, or not as many as sums."""
        if keys.name != name or len(keys.masking) != self._masking():
            raise SecureSumFailed(reason="it sent keys that are not its own")
        self._keys[name] = keys

    def directory(self) -> Directory:
        """The second question, to all whose keys are here."""
        self.require(self._keys)
        keys = tuple(self._keys[name] for name in sorted(self._keys))
        return Directory(session=self.session, members=tuple(sorted(self._keys)), keys=keys)

    def take_shares(self, name: str, shares: Shares) -> None:
        """What an institution sealed for the others; raises SecureSumFailed where it forgot one of them."""
        if shares.sealed.keys() != self._keys.keys() - {name} or len(shares.commitments) != self.sums:
            raise SecureSumFailed(reason="it did not share its secrets with everybody")
        self._shares[name] = shares

    def delivery(self) -> Delivery:
        """The third question, to all whose shares are here."""
        self.require(self._shares)
        return Delivery(session=self.session, members=tuple(sorted(self._shares)), shares=self._shares)

    def take_stand(self, name: str) -> None:
        """The agreement stands at an institution."""
        self._standing.add(name)

    def next_sum(self, context: str, parameters: int, levels: int = 0, members: Iterable[str] = ()) -> Sum:
        """The next of its sums, of so many numbers of 32 and of eight bits.

        Over those at whom the agreement stands, or those of them who are given as ``members``.
        """
        asked = sorted(self._standing.intersection(members) if members else self._standing)
        self.require(asked)
        place, self._used = self._used, self._used + 1
        return self._sum(place, context, parameters, asked, levels)

    def _sum(self, place: int, context: str, parameters: int, members: Sequence[str], levels: int) -> Sum:
        return Sum(self, place, context, parameters, members, levels)

    def _masking(self) -> int:
        """How many keys for masks each institution makes."""
        return self.sums

    @property
    def left(self) -> int:
        """How many sums it can still give."""
        return self.sums - self._used

    # -- for its sums -------------------------------------------------------------------------------------------------

    @property
    def needed(self) -> int:
        """How many must stay to the end."""
        return threshold_of(self._threshold, len(self._keys) or len(self._invited))

    def require(self, present: Iterable[str]) -> None:
        """Raise SecureSumFailed where fewer are left than must stay to the end."""
        if (left := len(set(present))) < self.needed:
            raise SecureSumFailed(reason=f"{left} institutions are left where {self.needed} are needed")

    def keys_of(self, name: str) -> Keys:
        """An institution's public keys."""
        return self._keys[name]

    def sharers(self) -> list[str]:
        """Institutions whose masks are in every masked answer."""
        return sorted(self._shares)

    def secret(self, shares: Mapping[str, bytes]) -> bytes:
        """The secret behind shares by institution, of which the first that suffice are used."""
        points = {name: point for point, name in enumerate(sorted(self._keys), 1)}
        chosen = {points[name]: shares[name] for name in sorted(shares)[: self.needed]}
        try:
            return join(chosen)
        except ValueError as error:
            raise SecureSumFailed(reason="the institutions' shares do not fit together") from error

    def commitment(self, name: str, place: int) -> bytes:
        """SHA-256 of the secret of an institution's own mask in one sum."""
        return self._shares[name].commitments[place]


class Sum:
    """One sum: masked answers come in and are added up at once; in the end the masks are taken off the total."""

    def __init__(
        self, agreement: Agreement, place: int, context: str, parameters: int, members: Sequence[str], levels: int = 0
    ) -> None:
        self._agreement, self._place, self._context = agreement, place, context
        self._parameters, self._levels, self.members = parameters, levels, tuple(members)
        self._total: Masked | None = None
        self._answered: list[str] = []
        self._signatures: dict[str, bytes] = {}
        self._revealed: dict[str, Revealed] = {}
        self._is_asked = False

    def call(self) -> Call:
        """Goes with the question."""
        return Call(session=self._agreement.session, members=self.members, sum=self._place)

    def take_masked(self, name: str, data: Bytes) -> None:
        """Add a masked answer; raises SecureSumFailed where it cannot be added."""
        masked = Masked.from_bytes(data, self._parameters, self._levels)
        if self._total is None:
            self._total = masked
        else:
            self._total.add(masked)
        self._answered.append(name)

    @property
    def survivors(self) -> tuple[str, ...]:
        """Those whose masked answers came."""
        return tuple(sorted(self._answered))

    def ask_survivors(self) -> Survivors:
        """Who is added up? Raises SecureSumFailed where too few are left: nothing is revealed then."""
        self._agreement.require(self._answered)
        return Survivors(session=self._agreement.session, members=self.survivors, sum=self._place)

    def take_signature(self, name: str, signed: Signed) -> None:
        """A survivor's signature."""
        self._signatures[name] = signed.signature

    @property
    def is_asked(self) -> bool:
        """Whether all that can be asked has been asked."""
        return self._is_asked

    def ask_opening(self) -> Reveal:
        """The last question, to those who can answer it; raises SecureSumFailed where too few are left."""
        self._is_asked = True
        return self.ask_reveal()

    def take_opening(self, name: str, data: bytes) -> None:
        """The answer to it; raises SecureSumFailed where it is none."""
        self.take_revealed(name, read(Revealed, data))

    def ask_reveal(self) -> Reveal:
        """The last question, to those who signed."""
        self._agreement.require(self._signatures)
        members = tuple(sorted(self._signatures))
        return Reveal(session=self._agreement.session, members=members, sum=self._place, signatures=self._signatures)

    def take_revealed(self, name: str, revealed: Revealed) -> None:
        """A survivor's shares; raises SecureSumFailed where they are not those that were asked for."""
        dropped = set(self._agreement.sharers()) - set(self._answered)
        lengths = {len(share) for share in (*revealed.own.values(), *revealed.keys.values())}
        if revealed.own.keys() != set(self._answered) or revealed.keys.keys() != dropped or lengths != {SHARE_BYTES}:
            raise SecureSumFailed(reason="it sent other shares than those that were asked for")
        self._revealed[name] = revealed

    def total(self) -> Masked:
        """The sum without masks. Raises SecureSumFailed below the threshold, or where a share was false."""
        agreement, purpose = self._agreement, (self._agreement.session, self._place, self._context)
        agreement.require(self._revealed)
        assert self._total is not None
        for name in self.survivors:
            secret = agreement.secret({who: each.own[name] for who, each in self._revealed.items()})
            if hashlib.sha256(secret).digest() != agreement.commitment(name, self._place):
                raise SecureSumFailed(reason=f"the shares of {name}'s mask were changed")
            self._total.mask(self_seed(secret, name, *purpose), -1)
        for name in set(agreement.sharers()) - set(self._answered):
            self._take_off_pairs(name, *purpose)
        return self._total

    def _take_off_pairs(self, dropped: str, *purpose: str | int) -> None:
        """Take off the masks that the survivors share with one who dropped out."""
        agreement = self._agreement
        key = private_of(agreement.secret({who: each.keys[dropped] for who, each in self._revealed.items()}))
        if key.public_key().public_bytes_raw() != agreement.keys_of(dropped).masking[self._place]:
            raise SecureSumFailed(reason=f"the shares of {dropped}'s key were changed")
        for name in self.survivors:
            public = agreement.keys_of(name).masking[self._place]
            seed = pair_seed(key, public, dropped, name, *purpose)
            assert self._total is not None
            self._total.mask(seed, -pair_sign(name, dropped))


__all__ = ["Agreement", "Sum"]
