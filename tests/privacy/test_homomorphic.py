"""Whole numbers under encryption add up exactly, and whoever has no key reads nothing."""

import sys

import numpy as np
import pytest

pytest.importorskip("tenseal")

from fedcare.errors import BadSetting, SecureSumFailed
from fedcare.privacy.homomorphic import MOST, NUMBERS, Encrypted, Key, modulus, require_installed


@pytest.fixture(scope="module")
def key():
    return Key.new()


def total(encrypted):
    """The sum as the coordinator makes it: of what travelled, without a key, and sent on."""
    found = Encrypted.from_bytes(encrypted[0].to_bytes())
    for other in encrypted[1:]:
        found.add(Encrypted.from_bytes(other.to_bytes()))
    return Encrypted.from_bytes(found.to_bytes())


def test_the_decrypted_total_is_the_sum_to_the_last_digit(key):
    chance = np.random.default_rng(1)
    parts = [chance.integers(-MOST // 5, MOST // 5, NUMBERS + 100) for _ in range(5)]
    found = key.decrypt(total([key.encrypt(part) for part in parts]), NUMBERS + 100)
    np.testing.assert_array_equal(found, np.sum(parts, axis=0))


@pytest.mark.parametrize("number", [MOST, -MOST, 0])
def test_the_greatest_numbers_fit(key, number):
    np.testing.assert_array_equal(key.decrypt(key.encrypt(np.full(NUMBERS, number)), NUMBERS), number)


def test_the_noise_of_a_hundred_members_stays_far_below_one_half(key):
    """Noise of its own in each; a sum of 64 times the same one has eight times as much, and is still exact."""
    one = key.encrypt(np.full(NUMBERS, MOST // 64))
    for _ in range(6):
        one.add(Encrypted.from_bytes(one.to_bytes()))
    np.testing.assert_array_equal(key.decrypt(one, NUMBERS), MOST)


def test_the_same_numbers_never_look_the_same(key):
    numbers = np.arange(10)
    assert key.encrypt(numbers).to_bytes() != key.encrypt(numbers).to_bytes()


def test_another_key_reads_nothing(key):
    with pytest.raises(SecureSumFailed, match="not the whole numbers"):
        Key.new().decrypt(key.encrypt(np.arange(10)), 10)


def test_a_key_travels(key):
    again = Key.from_bytes(key.to_bytes())
    np.testing.assert_array_equal(again.decrypt(key.encrypt(np.arange(10)), 10), np.arange(10))


def test_coefficients_of_a_sum_are_the_sums_of_coefficients(key):
    ones, others = key.encrypt(np.arange(10)), key.encrypt(np.arange(10))
    expected = [(a + b) % modulus() for a, b in zip(ones.coefficients(), others.coefficients(), strict=True)]
    assert total([ones, others]).coefficients() == expected


def test_a_fresh_ciphertext_takes_less_than_eight_bytes_a_number(key):
    assert len(key.encrypt(np.arange(NUMBERS)).to_bytes()) < 8 * NUMBERS


def test_what_does_not_fit_is_refused(key):
    with pytest.raises(SecureSumFailed, match="too great"):
        key.encrypt(np.array([MOST + 1]))
    one, two = key.encrypt(np.arange(4)), key.encrypt(np.arange(NUMBERS + 1))
    with pytest.raises(SecureSumFailed, match="different numbers"):
        one.add(two)
    with pytest.raises(SecureSumFailed, match="not the whole numbers"):
        key.decrypt(one, NUMBERS + 1)


def test_bytes_that_are_no_ciphertexts_are_refused(key):
    whole = key.encrypt(np.arange(4)).to_bytes()
    for data in (b"x", b"\x05\0\0\0hello", whole[:-1], whole + b"x", whole[:500], b"\xff" * 100):
        with pytest.raises(SecureSumFailed, match="no ciphertexts"):
            Encrypted.from_bytes(data)
    with pytest.raises(SecureSumFailed):
        Key.from_bytes(whole)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tenseal", None)
    with pytest.raises(BadSetting, match=r"pip install 'fedcare\[ckks\]'"):
        require_installed()
