"""One institution's answer under encryption, or the sum of several, with the tags that say whose it is."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from fedcare.errors import SecureSumFailed
from fedcare.privacy.homomorphic import Encrypted
from fedcare.privacy.secure_sum.authenticator import TAGS, Tags, added

_TAGS = struct.Struct(f"<{TAGS}Q")


@dataclass
class EncryptedAnswer:
    """Numbers that nobody reads without the key, and ``tags`` of theirs (``authenticator``)."""

    numbers: Encrypted
    tags: Tags

    def add(self, other: EncryptedAnswer) -> None:
        """Add another's numbers to these; raises SecureSumFailed where they are not as many."""
        self.numbers.add(other.numbers)
        self.tags = added(self.tags, other.tags)

    def to_bytes(self) -> bytes:
        """As it travels: the tags, then the ciphertexts."""
        return _TAGS.pack(*self.tags) + self.numbers.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> EncryptedAnswer:
        """The inverse; raises SecureSumFailed where it is none."""
        if len(data) < _TAGS.size:
            raise SecureSumFailed(reason="an encrypted answer has a length that it cannot have")
        return cls(Encrypted.from_bytes(data[_TAGS.size :]), _TAGS.unpack_from(data))
