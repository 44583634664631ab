"""Keystreams and derived keys are those of the standards; masked numbers look random and add up to the plain sum."""

import hashlib
import hmac

import numpy as np
import pytest

from fedcare.errors import SecureSumFailed
from fedcare.privacy.secure_sum.fixed_point import to_wide
from fedcare.privacy.secure_sum.keys import agreed, derived, pair_seed, pair_sign, private_of, seal, tag, unseal
from fedcare.privacy.secure_sum.masks import Masked


def zeros(wide: int, ring: int) -> Masked:
    return Masked(np.zeros((wide, 3), np.uint64), np.zeros(ring, np.uint32))


def test_the_keystream_is_chacha20s():
    # RFC 8439, appendix A.1, test vector 1: key and nonce of zeros, counter 0.
    expected = bytes.fromhex(
        "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
        "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
    )
    masked = zeros(0, 16)
    masked.mask(bytes(32), 1)
    assert masked.ring.tobytes() == expected


def test_wide_numbers_come_first_in_the_keystream():
    masked, whole = zeros(2, 4), zeros(0, 16)
    masked.mask(b"k" * 32, 1)
    whole.mask(b"k" * 32, 1)
    assert masked.to_bytes().tobytes() == whole.ring.tobytes()


def test_a_keystream_longer_than_a_chunk_goes_on_where_it_stopped():
    long, short = zeros(0, 200_000), zeros(0, 1000)
    long.mask(b"k" * 32, 1)
    short.mask(b"k" * 32, 1)
    assert (long.ring[:1000] == short.ring).all()
    assert len(np.unique(long.ring)) > 199_000


def test_derived_keys_are_hkdfs():
    # RFC 5869 in two lines: extract with a salt of zeros, expand once.
    secret, purpose = b"s" * 32, tag("pair", "A", "B", 3)
    extracted = hmac.digest(bytes(32), secret, hashlib.sha256)
    assert derived(secret, "pair", "A", "B", 3) == hmac.digest(extracted, purpose + b"\x01", hashlib.sha256)


def test_two_institutions_derive_the_same_seed_from_known_keys():
    # RFC 7748, section 6.1: Alice's and Bob's keys and what they share.
    alice = private_of(bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
    assert alice.public_key().public_bytes_raw().hex() == (
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    )
    bob = private_of(bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
    shared = bytes.fromhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    publics = [key.public_key().public_bytes_raw() for key in (alice, bob)]
    assert agreed(alice, publics[1], "x") == agreed(bob, publics[0], "x") == derived(shared, "x")
    ours, theirs = pair_seed(alice, publics[1], "A", "B", 1), pair_seed(bob, publics[0], "B", "A", 1)
    assert ours == theirs
    assert pair_seed(alice, publics[1], "A", "B", 2) != ours
    assert pair_sign("A", "B") == -pair_sign("B", "A") == 1


def test_a_key_that_leads_to_nothing_secret_is_refused():
    with pytest.raises(SecureSumFailed, match="key of another institution"):
        agreed(private_of(b"k" * 32), bytes(32), "x")


def test_what_was_sealed_opens_for_its_purpose_alone():
    sealed = seal(b"k" * 32, b"shares", "session", "A", "B")
    assert unseal(b"k" * 32, sealed, "session", "A", "B") == b"shares"
    for changed, purpose in ((sealed, ("session", "B", "A")), (sealed[:-1] + b"x", ("session", "A", "B"))):
        with pytest.raises(SecureSumFailed, match="changed on their way"):
            unseal(b"k" * 32, changed, *purpose)


def test_a_mask_that_is_taken_away_leaves_nothing():
    chance = np.random.default_rng(1)
    plain = Masked(to_wide(chance.normal(size=7)), chance.integers(0, 2**32, 100_000, dtype=np.uint32))
    masked = plain.copy()
    masked.mask(b"k" * 32, 1)
    assert (masked.ring != plain.ring).mean() > 0.999
    masked.mask(b"k" * 32, -1)
    assert masked.to_bytes().tobytes() == plain.to_bytes().tobytes()


def test_masked_answers_travel_as_bytes():
    plain = Masked(to_wide(np.array([1.5, -2.0])), np.array([1, 2**32 - 1], dtype=np.uint32))
    again = Masked.from_bytes(plain.to_bytes(), 2)
    assert (again.wide == plain.wide).all()
    assert (again.ring == plain.ring).all()
    again.ring[0] = 9  # Its own memory, not the message's.


@pytest.mark.parametrize("length", [3, 4 * 2 + 5])
def test_bytes_of_an_impossible_length_are_refused(length):
    with pytest.raises(SecureSumFailed, match="length"):
        Masked.from_bytes(np.zeros(length, np.uint8), 2)


def test_answers_of_different_length_do_not_add_up():
    with pytest.raises(SecureSumFailed, match="different numbers"):
        zeros(2, 3).add(zeros(3, 3))
