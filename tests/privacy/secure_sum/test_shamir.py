"""Any threshold of shares gives the secret, fewer give nothing, and the arithmetic is the published one."""

from itertools import combinations, count, islice

import numpy as np
import pytest

from fedcare.privacy.secure_sum.shamir import PRIME, SHARE_BYTES, join, split

SECRET = bytes(range(32))


@pytest.mark.parametrize(("threshold", "members"), [(1, 1), (2, 2), (2, 3), (3, 5), (5, 5), (26, 50)])
def test_any_threshold_of_shares_gives_the_secret(threshold, members):
    shares = split(SECRET, threshold, range(1, members + 1))
    chosen = islice(combinations(shares, threshold), 40)
    assert all(join({point: shares[point] for point in points}) == SECRET for points in chosen)
    assert join(shares) == SECRET


def test_shares_are_values_of_the_polynomial_with_the_secret_at_zero():
    # f(x) = 7 + 3 x + 2 x^2, written out by hand: f(1) = 12, f(2) = 21, f(3) = 34, f(5) = 72.
    coefficients = iter((3, 2))
    shares = split((7).to_bytes(32, "big"), 3, (1, 2, 3, 5), random=lambda below: next(coefficients))
    assert {point: int.from_bytes(share, "big") for point, share in shares.items()} == {1: 12, 2: 21, 3: 34, 5: 72}
    assert {len(share) for share in shares.values()} == {SHARE_BYTES}


def test_known_shares_give_the_known_secret():
    # f(x) = s + (2^521 - 2) x = s - x modulo the prime 2^521 - 1, for the secret s whose bytes are 0, 1, 2 ... 31.
    secret = int.from_bytes(SECRET, "big")
    shares = split(SECRET, 2, (1, 9), random=lambda below: PRIME - 1)
    assert [int.from_bytes(shares[point], "big") for point in (1, 9)] == [secret - 1, secret - 9]
    assert join(shares) == SECRET


def test_the_field_is_one():
    assert PRIME == 2**521 - 1
    # Fermat's test to several bases; that this Mersenne number is prime has been known since 1952 (Robinson).
    assert all(pow(base, PRIME - 1, PRIME) == 1 for base in (2, 3, 5, 7, 11))


def test_fewer_shares_fit_every_secret_equally_well():
    # One share of two: for any other secret there is exactly one polynomial through the share, so it tells nothing.
    share = int.from_bytes(split(SECRET, 2, (1, 2))[1], "big")
    for other in (0, 1, 2**256 - 1):
        slope = (share - other) % PRIME
        again = split(other.to_bytes(32, "big"), 2, (1, 2), random=lambda below, slope=slope: slope)
        assert int.from_bytes(again[1], "big") == share


def test_single_shares_of_one_secret_are_spread_evenly():
    draws = count()
    chance = np.random.default_rng(3)

    def random(below):
        next(draws)
        return int.from_bytes(chance.bytes(66), "big") % below

    tops = [split(SECRET, 3, (1, 2, 3), random)[1][1] for _ in range(2560)]
    counts = np.bincount(tops, minlength=256)
    # Chi-square with 255 degrees of freedom: mean 255, deviation 22.6.
    assert abs(float(((counts - 10.0) ** 2 / 10.0).sum()) - 255) < 5 * 22.6
    assert next(draws) == 2 * 2560


@pytest.mark.parametrize(
    ("secret", "threshold", "points"),
    [(b"short", 2, (1, 2)), (SECRET, 3, (1, 2)), (SECRET, 0, (1, 2)), (SECRET, 2, (0, 1)), (SECRET, 2, (1, 1))],
)
def test_what_cannot_be_shared_is_refused(secret, threshold, points):
    with pytest.raises(ValueError, match="32 bytes"):
        split(secret, threshold, points)


def test_changed_shares_never_give_the_secret():
    shares = split(SECRET, 2, (1, 2))
    shares[2] = bytes(SHARE_BYTES)
    try:
        assert join(shares) != SECRET
    except ValueError as error:
        assert "fit no secret" in str(error)
