"""The institution's half where sums are formed under homomorphic encryption in place of masks.

The members share one secret, which one of them makes and seals for each other one, and with it a key. Each sends its
answer encrypted; the coordinator adds; a member decrypts the sum. It sees no other member's ciphertext, only the sum,
and the tags (``authenticator``) tell it that this is the sum over just those whom enough members signed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from fedcare.errors import SecureSumFailed
from fedcare.privacy.homomorphic import Key
from fedcare.privacy.secure_sum.authenticator import Purpose, fit, tags_of
from fedcare.privacy.secure_sum.digits import DIGITS, MOST_MEMBERS, from_whole, to_whole
from fedcare.privacy.secure_sum.encrypted import EncryptedAnswer
from fedcare.privacy.secure_sum.keys import KEY_BYTES, Peers, Signer, derived, seal, unseal
from fedcare.privacy.secure_sum.masks import Bytes, Masked
from fedcare.privacy.secure_sum.member import Member, Membership
from fedcare.privacy.secure_sum.wire import (
    Call,
    Decrypt,
    Decrypted,
    Delivery,
    Directory,
    Reveal,
    Revealed,
    Shares,
    Signed,
    Step,
)


@dataclass
class _Shared:
    """What the members of an agreement have in common; ``sizes``: wide numbers and weights of each answer given."""

    secret: bytes
    key: Key
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)


class EncryptingMember(Member):
    """One institution in the sums of one run, under encryption."""

    answering: ClassVar[Step] = "encrypted"

    def __init__(self, signer: Signer, peers: Peers, threshold: float, least: int) -> None:
        super().__init__(signer, peers, threshold, least)
        self._shared: dict[str, _Shared] = {}

    # -- the agreement ------------------------------------------------------------------------------------------------

    def _masking(self, sums: int) -> int:
        return 0

    def _share_size(self, agreement: Membership) -> int:
        return KEY_BYTES

    def _split(self, agreement: Membership) -> dict[str, bytes]:
        """The same secret for everybody."""
        return dict.fromkeys(agreement.directory, secrets.token_bytes(KEY_BYTES))

    def _share(self, agreement: Membership, part: Directory) -> Shares:
        """A secret and a key for everybody. Of all that are made, those of the first who stays are used."""
        if len(part.keys) > MOST_MEMBERS:
            reason = f"{len(part.keys)} institutions in one sum under encryption, which has room for {MOST_MEMBERS}"
            raise SecureSumFailed(reason=f"{reason}; set privacy.secure.groups to divide them")
        shares = super()._share(agreement, part)
        own = _Shared(agreement.own_shares, Key.new())
        self._shared = {session: each for session, each in self._shared.items() if session in self._agreements}
        self._shared[part.session] = own
        purpose = _key_of(self.name, part.session)
        return shares.model_copy(update={"key": seal(derived(own.secret, *purpose), own.key.to_bytes(), *purpose)})

    def _open(self, agreement: Membership, part: Delivery) -> Signed:
        signed = super()._open(agreement, part)
        maker, secret = next(iter(agreement.shares.items()))
        if maker != self.name:
            purpose = _key_of(maker, part.session)
            key = Key.from_bytes(unseal(derived(secret, *purpose), part.shares[maker].key, *purpose))
            self._shared[part.session] = _Shared(secret, key)
        return signed

    # -- one sum ------------------------------------------------------------------------------------------------------

    def _protected(self, agreement: Membership, part: Call, context: str, answer: Masked) -> Bytes:
        shared = self._shared[part.session]
        shared.sizes[part.sum] = len(answer.wide), len(answer.ring)
        numbers = shared.key.encrypt(to_whole(answer))
        tags = tags_of(shared.secret, _purpose(part, context), self.name, numbers.coefficients())
        return np.frombuffer(EncryptedAnswer(numbers, tags).to_bytes(), np.uint8)

    def decrypt(self, part: Decrypt) -> Decrypted:
        """Once enough members signed the same survivors: the sum over just those, and nothing else, once."""
        agreement = self._find(part)
        return self._once(agreement, "decrypt", part.sum, part, lambda: self._decrypt(agreement, part))

    def _decrypt(self, agreement: Membership, part: Decrypt) -> Decrypted:
        own, shared = self._vouched(agreement, part), self._shared[part.session]
        total = EncryptedAnswer.from_bytes(part.total)
        purpose = _purpose(part, own.context)
        if not fit(shared.secret, purpose, own.survivors, total.numbers.coefficients(), total.tags):
            raise SecureSumFailed(reason="what is to be decrypted is not the sum over those whom the members signed")
        wide, weights = shared.sizes[part.sum]
        sums = shared.key.decrypt(total.numbers, wide * DIGITS + weights)
        return Decrypted(numbers=from_whole(sums, wide, weights).to_bytes().tobytes())

    def _reveal(self, agreement: Membership, part: Reveal) -> Revealed:
        raise SecureSumFailed(reason="this institution's answers are encrypted, and there are no masks to reveal")


def _key_of(maker: str, session: str) -> Purpose:
    return "key", session, maker


def _purpose(part: Call, context: str) -> Purpose:
    return part.session, part.sum, context
