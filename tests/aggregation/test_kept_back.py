"""What compression kept back is there when a round is asked again, also by another process."""

import numpy as np
import pytest

from fedcare.aggregation.kept_back import MOST, KeptBack


def rest(number: int) -> np.ndarray:
    return np.full(5, number, dtype=np.float32)


@pytest.fixture(params=["memory", "disk"])
def kept(request, tmp_path) -> KeptBack:
    return KeptBack(tmp_path / "kept" if request.param == "disk" else None)


def test_a_round_begins_with_what_the_last_one_before_it_left(kept):
    assert kept.before(1) is None
    for number in (1, 2, 4):
        kept.keep(number, rest(number))
    for asked, expected in ((5, 4), (4, 2), (3, 2), (2, 1)):
        np.testing.assert_array_equal(kept.before(asked), rest(expected))


def test_no_more_than_the_last_rounds_are_kept(kept, tmp_path):
    for number in range(1, 10):
        kept.keep(number, rest(number))
    assert kept.before(10 - MOST) is None
    assert kept.before(11 - MOST) is not None
    assert len(list(tmp_path.rglob("*.npy"))) in (0, MOST)


def test_another_process_goes_on_with_the_same(tmp_path):
    KeptBack(tmp_path).keep(1, rest(1))
    KeptBack(tmp_path).keep(2, rest(2))
    np.testing.assert_array_equal(KeptBack(tmp_path).before(2), rest(1))
    np.testing.assert_array_equal(KeptBack(tmp_path).before(3), rest(2))


def test_a_damaged_file_is_as_good_as_none(tmp_path):
    KeptBack(tmp_path).keep(1, rest(1))
    (tmp_path / "1.npy").write_bytes(b"junk")
    assert KeptBack(tmp_path).before(2) is None
