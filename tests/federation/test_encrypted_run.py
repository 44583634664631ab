"""Secure aggregation by encryption end to end: the bits of a masked run, and a coordinator without a key."""

import sys
import zlib

import numpy as np
import pytest
from tests.federation.test_secure import SECURE, Tapped, on_grid

from fedcare.aggregation.checkpoint import load
from fedcare.errors import BadSetting, QuorumLost
from fedcare.federation.messages import EXAMPLES, SUMS, WEIGHTS
from fedcare.federation.secure_exchange import exchange_for

pytest.importorskip("tenseal")

# Few institutions with a narrow network: each ciphertext takes a hundredth of a second.
SECURE = SECURE | {"model__hidden": "[8]", "rounds__rounds": 2, "partition": "iid:3"}
ENCRYPTED = SECURE | {"privacy__secure__method": "ckks"}


def test_the_run_is_that_under_masks_to_the_last_bit_and_nothing_lies_open(study, tmp_path, watcher):
    made = study(**ENCRYPTED)
    grid = Tapped(made)
    masked = on_grid(study(**SECURE), tmp_path / "masked", watcher)
    encrypted = on_grid(made, tmp_path / "encrypted", watcher, grid)
    assert encrypted.state.vector.tobytes() == masked.state.vector.tobytes()
    assert encrypted.judgement.metrics == masked.judgement.metrics
    assert encrypted.state.preprocessing == masked.state.preprocessing
    assert encrypted.calibration == masked.calibration
    for one, other in zip(encrypted.state.history, masked.state.history, strict=True):
        assert (one.participants, one.train_loss) == (other.participants, other.train_loss)
        assert one.bytes_received > other.bytes_received
    _check_that_nothing_lies_open(grid, sorted(each.name for each in made.institutions)[0])


def _check_that_nothing_lies_open(grid, first):
    seen = set()
    for name, question, _, told in grid.replies:
        assert not told.has_error()
        assert set(told.content[WEIGHTS]) == {"payload"}
        config = told.content["answer"]
        assert SUMS not in config
        assert (config[EXAMPLES], config["seconds"]) == (0, 0.0)
        seen.add(question.step)
        if question.step == "encrypted":
            numbers = np.frombuffer(told.content[WEIGHTS]["payload"].data, np.uint8)[1000:]
            assert len(zlib.compress(numbers.tobytes(), 1)) > 0.95 * len(numbers)
        assert question.step != "decrypt" or name == first, "one member opens a sum"
    assert seen == {"invite", "share", "deliver", "encrypted", "survivors", "decrypt"}


def test_below_the_threshold_the_round_fails_and_nothing_is_decrypted(study, folder, watcher):
    made = study(**ENCRYPTED)
    gone = {each.name for each in made.institutions[:2]}
    grid = Tapped(made, lambda name, step, kind, number: name in gone and number == 1 and step == "encrypted")
    with pytest.raises(QuorumLost, match="1 institutions are left where 2 are needed"):
        on_grid(made, folder, watcher, grid)
    assert grid.steps[-1][1] == "encrypted"


def test_in_each_group_the_next_institution_decrypts_if_the_first_does_not(study, folder, watcher):
    made = study(
        **ENCRYPTED | {"partition": "iid:4", "rounds__rounds": 1}, privacy__secure__groups=2, privacy__secure__least=2
    )
    asked = []

    def misses(name, step, kind, number):
        if step != "decrypt" or number != 1:
            return False
        asked.append(name)
        return len(asked) <= 2

    record = on_grid(made, folder, watcher, Tapped(made, misses)).state.history[0]
    assert len(record.participants) == 4
    assert record.dropped == {}
    trained = asked[:4]
    assert len(set(trained)) == 4, "two of each group were asked for its total"


def test_a_run_that_stops_goes_on_to_the_same_bits(study, tmp_path, watcher):
    made = study(**ENCRYPTED)
    whole = on_grid(study(**SECURE), tmp_path / "whole", watcher)

    def stopped(name, step, kind, number):
        if (kind, number) == ("train", 2):
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        on_grid(made, tmp_path / "stopped", watcher, Tapped(made, stopped))
    assert load(tmp_path / "stopped").round == 1
    again = on_grid(made, tmp_path / "stopped", watcher)
    assert watcher.resumed_after == 1
    assert again.state.vector.tobytes() == whole.state.vector.tobytes()


def test_a_plan_that_asks_for_masks_gets_no_encryption_and_the_other_way_round(study, folder, watcher):
    """The plan's text is what institutions approved; another protocol than it names is none of its steps."""
    masked, encrypted = study(**SECURE), study(**ENCRYPTED)
    for asking, answering in ((masked, encrypted), (encrypted, masked)):
        with pytest.raises(QuorumLost):
            on_grid(asking, folder, watcher, Tapped(answering))


def test_without_the_extra_a_run_says_what_to_install(study, folder, watcher, monkeypatch):
    made = study(**ENCRYPTED)
    monkeypatch.setitem(sys.modules, "tenseal", None)
    with pytest.raises(BadSetting, match=r"fedcare\[ckks\]"):
        exchange_for(made.plan, watcher.answered, lambda heard: None)
    with pytest.raises(BadSetting, match=r"fedcare\[ckks\]"):
        Tapped(made)
