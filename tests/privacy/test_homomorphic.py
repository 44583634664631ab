"""Ciphertexts add up to the weighted mean, and whoever has no secret key reads nothing."""

import numpy as np
import pytest

from fedcare.errors import SecureSumFailed

tenseal = pytest.importorskip("tenseal")

from fedcare.privacy.homomorphic import SLOTS, added, decrypted, encrypted, new_keys  # noqa: E402


@pytest.fixture(scope="module")
def keys():
    return new_keys()


def test_the_decrypted_total_is_the_mean_weighted_by_rows(keys):
    secret, public = keys
    chance, rows = np.random.default_rng(1), (30, 50, 20)
    movements = [chance.normal(size=SLOTS + 100).astype(np.float32) for _ in rows]
    parts = [encrypted(secret, movement, count / 200, 8.0) for movement, count in zip(movements, rows, strict=True)]
    total = added(public, added(public, parts[0], parts[1]), parts[2])
    mean = decrypted(secret, total, sum(rows) / 200)
    assert np.abs(mean - np.average(movements, axis=0, weights=rows)).max() < 1e-6


def test_the_coordinators_key_decrypts_nothing(keys):
    secret, public = keys
    with pytest.raises(ValueError, match="secret"):
        decrypted(public, encrypted(secret, np.ones(4, dtype=np.float32), 0.5, 8.0), 0.5)


def test_the_same_movement_never_looks_the_same(keys):
    secret, _ = keys
    movement = np.ones(4, dtype=np.float32)
    assert encrypted(secret, movement, 0.5, 8.0) != encrypted(secret, movement, 0.5, 8.0)


def test_what_does_not_fit_is_refused(keys):
    secret, public = keys
    with pytest.raises(SecureSumFailed, match="bound"):
        encrypted(secret, np.array([9.0], dtype=np.float32), 0.5, 8.0)
    one = encrypted(secret, np.ones(4, dtype=np.float32), 0.5, 8.0)
    with pytest.raises(SecureSumFailed, match="different numbers"):
        added(public, one, one + one)
