"""Sums under homomorphic encryption, the alternative to masks for small models: CKKS (Cheon et al., ASIACRYPT 2017).

The institutions share one key; each encrypts its part of the weighted movement, the coordinator adds ciphertexts that
it cannot read, and the institutions decrypt the total. ``encrypted``, ``added`` and ``decrypted`` stand where
``fixed_point.to_ring``, an addition and ``from_ring`` stand for masks, and have the same meaning of ``share``.

Compared with masks: no second mask and no shares, so whoever drops out before sending costs nothing; but about fourteen
times the bytes, sums that are approximate (about 1e-8 of a movement of 1), and two things of trust that masks do not
ask for: every institution can read every other's ciphertext, and a coordinator that hands a single one back as if it
were the total has it decrypted. It is therefore no choice of a plan, and ``benchmarks.secure_sum`` shows its cost.
Needs the extra ``ckks`` (TenSEAL).
"""

from __future__ import annotations

import numpy as np

from fedcare.errors import SecureSumFailed
from fedcare.update import Vector

DEGREE = 8192
"""Degree of the polynomial ring: 128 bits of security with the moduli below (Homomorphic Encryption Standard, 2018)."""

SLOTS = DEGREE // 2
_MODULI = [60, 40, 60]
_SCALE = 2.0**40


def new_keys() -> tuple[bytes, bytes]:
    """A secret context for the institutions, and the public one with which the coordinator adds."""
    import tenseal

    context = tenseal.context(tenseal.SCHEME_TYPE.CKKS, DEGREE, coeff_mod_bit_sizes=_MODULI)
    context.global_scale = _SCALE
    kept = {"save_galois_keys": False, "save_relin_keys": False}
    secret: bytes = context.serialize(save_secret_key=True, **kept)
    public: bytes = context.serialize(save_secret_key=False, **kept)
    return secret, public


# -- at the institution -----------------------------------------------------------------------------------------------


def encrypted(context: bytes, movement: Vector, share: float, bound: float) -> list[bytes]:
    """``share`` times the movement, shape ``(parameters,)``, in ciphertexts of 4096 numbers.

    Raises SecureSumFailed for an entry beyond ``bound``, or one that is no number.
    """
    import tenseal

    if not np.abs(movement).max(initial=0.0) <= bound:
        raise SecureSumFailed(reason=f"a weight moved by more than the plan's bound of {bound:g}, or to no number")
    keys = tenseal.context_from(context)
    parts = (movement[start : start + SLOTS].astype(np.float64) * share for start in range(0, len(movement), SLOTS))
    return [tenseal.ckks_vector(keys, part).serialize() for part in parts]


def decrypted(secret: bytes, total: list[bytes], share: float) -> Vector:
    """The mean movement weighted by rows, from the sum of all members' ciphertexts; ``share``: theirs of all rows."""
    import tenseal

    keys = tenseal.context_from(secret)
    parts = [np.array(tenseal.ckks_vector_from(keys, part).decrypt()) for part in total]
    return np.asarray(np.concatenate(parts) / share, dtype=np.float32)


# -- at the coordinator -----------------------------------------------------------------------------------------------


def added(public: bytes, one: list[bytes], other: list[bytes]) -> list[bytes]:
    """The ciphertexts of the sum, without any key; raises SecureSumFailed where they are not as many."""
    import tenseal

    if len(one) != len(other):
        raise SecureSumFailed(reason="institutions answered with different numbers of sums or weights")
    keys = tenseal.context_from(public)
    pairs = zip(one, other, strict=True)
    sums = (tenseal.ckks_vector_from(keys, a) + tenseal.ckks_vector_from(keys, b) for a, b in pairs)
    return [each.serialize() for each in sums]
