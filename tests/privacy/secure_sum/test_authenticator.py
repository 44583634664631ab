"""Tags fit the sum over exactly the members that are named, for one purpose, and nothing else."""

import random

import pytest

pytest.importorskip("tenseal")

from fedcare.privacy.homomorphic import modulus
from fedcare.privacy.secure_sum.authenticator import TAGS, added, fit, tags_of

SECRET, PURPOSE, NAMES = b"s" * 32, ("session", 3, "question"), ("Aachen", "Bonn", "Celle")


@pytest.fixture
def sent():
    chance = random.Random(1)
    return {name: [chance.randrange(modulus()) for _ in range(50)] for name in NAMES}


def total(sent, names):
    return [sum(each) % modulus() for each in zip(*(sent[name] for name in names), strict=True)]


def tags(sent, names, purpose=PURPOSE):
    found = (0,) * TAGS
    for name in names:
        found = added(found, tags_of(SECRET, purpose, name, sent[name]))
    return found


def test_tags_that_were_added_up_fit_the_sum(sent):
    assert fit(SECRET, PURPOSE, NAMES, total(sent, NAMES), tags(sent, NAMES))


def test_a_part_of_the_members_does_not_pass_for_all_of_them(sent):
    for names in (NAMES[:1], NAMES[:2], (*NAMES, "Aachen")):
        assert not fit(SECRET, PURPOSE, NAMES, total(sent, names), tags(sent, names))


def test_neither_another_purpose_nor_another_secret_nor_one_changed_number_fits(sent):
    sums, found = total(sent, NAMES), tags(sent, NAMES)
    assert not fit(SECRET, ("session", 4, "question"), NAMES, sums, found)
    assert not fit(b"t" * 32, PURPOSE, NAMES, sums, found)
    assert not fit(SECRET, PURPOSE, NAMES, [sums[0] + 1, *sums[1:]], found)
    assert not fit(SECRET, PURPOSE, NAMES, sums, (found[0] + 1, *found[1:]))


def test_one_number_taken_twice_and_another_left_out_is_noticed(sent):
    """Members' tags do not cancel: each has a pad of its own."""
    twice = [(2 * a - b) % modulus() for a, b in zip(sent["Aachen"], sent["Bonn"], strict=True)]
    one, other = (tags_of(SECRET, PURPOSE, name, sent[name]) for name in NAMES[:2])
    mixed = tuple((2 * a - b) % modulus() for a, b in zip(one, other, strict=True))
    assert not fit(SECRET, PURPOSE, NAMES[:1], twice, mixed)
