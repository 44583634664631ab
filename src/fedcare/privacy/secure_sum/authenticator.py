"""Proof that a sum of ciphertexts is the sum of exactly these members', for whoever decrypts it and sees no other.

A homomorphic authenticator (Agrawal and Boneh, ACNS 2009): a tag is a secret linear function of a ciphertext's
coefficients plus a pad that is used once. Tags are added up as ciphertexts are, and those of a sum fit it only if the
pads of just these members are in it. All members know the secret and the coordinator does not, whose other sums, or
sums over others, pass for true with a chance of 2^-54 for each of two tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import mul

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from fedcare.privacy.homomorphic import modulus
from fedcare.privacy.secure_sum.keys import derived

TAGS = 2
Tags = tuple[int, ...]
Purpose = tuple[str | int, ...]


def tags_of(secret: bytes, purpose: Purpose, name: str, coefficients: Sequence[int]) -> Tags:
    """The tags of one member's ciphertexts, for one purpose: a sum of an agreement, and the question that it answers.

    A second answer for the same purpose would give the secret away: the caller never makes one.
    """
    return _tags(secret, purpose, [name], coefficients)


def fit(secret: bytes, purpose: Purpose, names: Iterable[str], coefficients: Sequence[int], tags: Tags) -> bool:
    """Whether these are the coefficients of the sum over exactly these members, all for this purpose."""
    return tags == _tags(secret, purpose, names, coefficients)


def added(one: Tags, other: Tags) -> Tags:
    """The tags of the sum."""
    return tuple((a + b) % modulus() for a, b in zip(one, other, strict=True))


def _tags(secret: bytes, purpose: Purpose, names: Iterable[str], coefficients: Sequence[int]) -> Tags:
    each = sorted(names)
    return tuple(
        (
            sum(map(mul, coefficients, _weights(secret, place, len(coefficients))))
            + sum(_pad(secret, place, name, purpose) for name in each)
        )
        % modulus()
        for place in range(TAGS)
    )


def _pad(secret: bytes, place: int, name: str, purpose: Purpose) -> int:
    return int.from_bytes(derived(secret, "pad", place, name, *purpose), "big")


@lru_cache(maxsize=2 * TAGS)
def _weights(secret: bytes, place: int, count: int) -> list[int]:
    """Factors below the modulus, the same for all sums of an agreement; from 64 bits each, so evenly spread."""
    key = derived(secret, "factors", place)
    stream = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(8 * count))
    return (np.frombuffer(stream, "<u8") % np.uint64(modulus())).tolist()  # type: ignore[no-any-return]
