"""The coordinator's half of sums under homomorphic encryption: it adds up ciphertexts, and holds no key to any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from fedcare.errors import SecureSumFailed
from fedcare.privacy.secure_sum.collector import Agreement, Sum
from fedcare.privacy.secure_sum.encrypted import EncryptedAnswer
from fedcare.privacy.secure_sum.masks import Bytes, Masked
from fedcare.privacy.secure_sum.wire import Decrypt, Decrypted, Delivery, Reveal, Shares, Step, read


class EncryptedAgreement(Agreement):
    """A key of some institutions for so many sums, of which this side sees nothing."""

    answering: ClassVar[Step] = "encrypted"
    opening: ClassVar[Step] = "decrypt"

    def take_shares(self, name: str, shares: Shares) -> None:
        """An institution's sealed key; raises SecureSumFailed where it forgot one of the others."""
        if shares.sealed.keys() != self._keys.keys() - {name} or not shares.key:
            raise SecureSumFailed(reason="it did not share its key with everybody")
        self._shares[name] = shares

    def delivery(self) -> Delivery:
        """The third question. Of all keys only the first institution's is used, so only that one travels."""
        whole = super().delivery()
        others = {name: each.model_copy(update={"key": b""}) for name, each in whole.shares.items()}
        return whole.model_copy(update={"shares": others | {whole.members[0]: whole.shares[whole.members[0]]}})

    def _sum(self, place: int, context: str, parameters: int, members: Sequence[str], levels: int) -> Sum:
        return EncryptedSum(self, place, context, parameters, members, levels)

    def _masking(self) -> int:
        return 0


class EncryptedSum(Sum):
    """One sum: encrypted answers are added up as they come, and one after the other of those who signed is asked for
    the total until one tells it.
    """

    _encrypted: EncryptedAnswer | None = None
    _asked: tuple[str, ...] = ()

    def take_masked(self, name: str, data: Bytes) -> None:
        """Add an encrypted answer; raises SecureSumFailed where it cannot be added."""
        answer = EncryptedAnswer.from_bytes(data.tobytes())
        if self._encrypted is None:
            self._encrypted = answer
        else:
            self._encrypted.add(answer)
        self._answered.append(name)

    @property
    def is_asked(self) -> bool:
        """Whether the total is here."""
        return self._total is not None

    def ask_opening(self) -> Reveal:
        """The sum, to the next of those who signed; raises SecureSumFailed where nobody is left."""
        self._agreement.require(self._signatures)
        left = sorted(self._signatures.keys() - set(self._asked))
        if not left or self._encrypted is None:
            raise SecureSumFailed(reason="none of the institutions decrypted the total")
        self._asked += (left[0],)
        return Decrypt(
            session=self._agreement.session,
            members=(left[0],),
            sum=self._place,
            signatures=self._signatures,
            total=self._encrypted.to_bytes(),
        )

    def take_opening(self, name: str, data: bytes) -> None:
        """The total; raises SecureSumFailed where it is none."""
        self._total = Masked.from_bytes(np.frombuffer(read(Decrypted, data).numbers, np.uint8), self._parameters)

    def total(self) -> Masked:
        """The total that a member decrypted; raises SecureSumFailed where none did."""
        if self._total is None:
            raise SecureSumFailed(reason="none of the institutions decrypted the total")
        return self._total
