"""Whole numbers that add up under encryption: CKKS (Cheon et al., ASIACRYPT 2017), from TenSEAL's binding of SEAL.

CKKS is approximate: a sum comes back with noise, and noise that is shown tells of the key (Li and Micciancio, EUROCRYPT
2021). Here only whole numbers go in, the scale keeps the noise far below one half, and a decrypted number is rounded
before anybody sees it: sums are exact, and nothing but the sum is told. Encryption is symmetric, as those who encrypt
and those who decrypt share the key; half of a fresh ciphertext is then a seed, which halves its bytes.

Needs the extra ``ckks``. SEAL's objects are saved to and loaded from files alone, so each passes through a file of this
process's own that is removed at once.
"""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import numpy.typing as npt

from fedcare.errors import BadSetting, SecureSumFailed

Whole = npt.NDArray[np.int64]

NUMBERS = 4096
"""Whole numbers in a ciphertext, and degree of the polynomial ring: real and imaginary parts of 2048 slots."""

MOST_WEIGHTS = 64 * NUMBERS
"""Largest model whose movement is added up under encryption: beyond it a sum takes each institution seconds of work."""

MOST = 2**31
"""Greatest absolute number, and sum: with the scale it stays within half of the modulus of 54 bits."""

# 128 bits of security allow 109 bits of moduli (Homomorphic Encryption Standard, 2018); ciphertexts use the first one.
_MODULI = [54, 55]
_SCALE = 2.0**21
# A sum of 128 members is off by 0.004: what is further from a whole number was not made here.
_MOST_OFF = 0.25


def require_installed() -> None:
    """Raise BadSetting where the extra is not installed."""
    if importlib.util.find_spec("tenseal") is None:
        reason = "TenSEAL is not installed here; run pip install 'fedcare[ckks]', or leave the setting at 'masks'"
        raise BadSetting(setting="privacy.secure.method", value="ckks", reason=reason)


@dataclass
class Encrypted:
    """Numbers under encryption, in ciphertexts of 4096. ``saved``: fresh ones as they travel, in half the bytes."""

    ciphertexts: list[Any]
    saved: tuple[bytes, ...] = ()

    def add(self, other: Encrypted) -> None:
        """Add another's numbers to these, without any key; raises SecureSumFailed where they are not as many."""
        if len(other.ciphertexts) != len(self.ciphertexts):
            raise SecureSumFailed(reason="institutions answered with different numbers of sums or weights")
        evaluator, self.saved = _seal().Evaluator(_context()), ()
        for own, others in zip(self.ciphertexts, other.ciphertexts, strict=True):
            with _legible():
                evaluator.add_inplace(own, others)

    def coefficients(self) -> list[int]:
        """All that a key is applied to, whole numbers below ``modulus()``: sums of numbers have sums of them."""
        return [number for each in self.ciphertexts for number in map(each.__getitem__, range(2 * NUMBERS))]

    def to_bytes(self) -> bytes:
        """As it travels: each ciphertext after its length."""
        saved = self.saved or tuple(map(_saved, self.ciphertexts))
        return b"".join(struct.pack("<I", len(each)) + each for each in saved)

    @classmethod
    def from_bytes(cls, data: bytes) -> Encrypted:
        """The inverse. Raises SecureSumFailed for anything but ciphertexts as these are."""
        found = []
        while data:
            with _legible():
                (length,) = struct.unpack_from("<I", data)
                found.append(_loaded(_seal().Ciphertext(), data[4 : 4 + length]))
            data = data[4 + length :]
        if any(each.size() != 2 or each.scale != _SCALE or not each.is_ntt_form() for each in found):
            raise SecureSumFailed(reason="a ciphertext is of another kind than those that are added up here")
        return cls(found)


class Key:
    """The secret key, with which institutions encrypt and decrypt."""

    def __init__(self, secret: Any) -> None:
        self._secret = secret

    @classmethod
    def new(cls) -> Key:
        """A fresh key."""
        return cls(_seal().KeyGenerator(_context()).secret_key())

    @classmethod
    def from_bytes(cls, data: bytes) -> Key:
        """The key that another institution made; raises SecureSumFailed where it is none."""
        with _legible():
            return cls(_loaded(_seal().SecretKey(), data))

    def to_bytes(self) -> bytes:
        """For the other institutions alone."""
        return _saved(self._secret)

    def encrypt(self, numbers: Whole) -> Encrypted:
        """Numbers, shape ``(numbers,)``, under encryption, a little noise and all; the same ones never look the same.

        Raises SecureSumFailed for one beyond ``MOST``.
        """
        if np.abs(numbers).max(initial=0) > MOST:
            raise SecureSumFailed(reason="a number is too great to be added up under encryption")
        seal, context = _seal(), _context()
        encryptor, encoder = seal.Encryptor(context, self._secret), seal.CKKSEncoder(context)
        saved = []
        for start in range(0, len(numbers), NUMBERS):
            part = np.zeros(NUMBERS)
            part[: len(numbers) - start] = numbers[start : start + NUMBERS]
            plain = seal.Plaintext()
            encoder.encode(part[: NUMBERS // 2] + 1j * part[NUMBERS // 2 :], _SCALE, plain)
            saved.append(_saved(encryptor.encrypt_symmetric(plain)))
        return Encrypted([_loaded(seal.Ciphertext(), each) for each in saved], tuple(saved))

    def decrypt(self, total: Encrypted, count: int) -> Whole:
        """The first ``count`` numbers, exactly. Raises SecureSumFailed where that many whole numbers are not there."""
        seal, context = _seal(), _context()
        decryptor, encoder = seal.Decryptor(context, self._secret), seal.CKKSEncoder(context)
        numbers = np.empty((len(total.ciphertexts), NUMBERS))
        for place, each in enumerate(total.ciphertexts):
            plain = seal.Plaintext()
            with _legible():
                decryptor.decrypt(each, plain)
            slots = np.array(encoder.decode_complex(plain))
            numbers[place] = np.concatenate([slots.real, slots.imag])
        whole = np.rint(numbers)
        if count > numbers.size or not np.abs(numbers - whole).max(initial=0.0) < _MOST_OFF:
            raise SecureSumFailed(reason="what was decrypted are not the whole numbers that it should be")
        return whole.reshape(-1)[:count].astype(np.int64)


@lru_cache(maxsize=1)
def modulus() -> int:
    """The prime to which coefficients of ciphertexts are added up."""
    return int(_parameters().coeff_modulus()[0].value())


# -- TenSEAL's binding of SEAL ----------------------------------------------------------------------------------------


def _seal() -> Any:
    from tenseal import sealapi

    return sealapi


def _parameters() -> Any:
    seal = _seal()
    parameters = seal.EncryptionParameters(seal.SCHEME_TYPE.CKKS)
    parameters.set_poly_modulus_degree(NUMBERS)
    parameters.set_coeff_modulus(seal.CoeffModulus.Create(NUMBERS, _MODULI))
    return parameters


@lru_cache(maxsize=1)
def _context() -> Any:
    seal = _seal()
    return seal.SEALContext(_parameters(), True, seal.SEC_LEVEL_TYPE.TC128)


def _saved(thing: Any) -> bytes:
    with NamedTemporaryFile(prefix="fedcare-") as file:
        thing.save(file.name)
        return Path(file.name).read_bytes()


def _loaded(thing: Any, data: bytes) -> Any:
    with NamedTemporaryFile(prefix="fedcare-") as file:
        Path(file.name).write_bytes(data)
        thing.load(_context(), file.name)
        return thing


@contextmanager
def _legible() -> Iterator[None]:
    """Somebody else's bytes: whatever SEAL finds wrong with them."""
    try:
        yield
    except (ValueError, RuntimeError, IndexError, struct.error) as error:
        raise SecureSumFailed(reason="what came are no ciphertexts, or no key") from error
