"""A checkpoint is replaced in one step and brings back exactly what was saved."""

import numpy as np
import pytest

from fedcare.aggregation import checkpoint
from fedcare.aggregation.checkpoint import CheckpointWriter, RunState, load, save
from fedcare.aggregation.exchange import RoundRecord
from fedcare.errors import StorageFull, UnreadableFile


def state(rounds: int = 2) -> RunState:
    rng = np.random.default_rng(rounds)
    vectors = [rng.normal(size=50).astype(np.float32) for _ in range(3)]
    history = [
        RoundRecord(place, {"auc": 0.5}, {"a": {"auc": 0.4}}, 0.3, {"a": 10}, {"b": "late"})
        for place in range(1, rounds + 1)
    ]
    return RunState(
        vectors[0],
        vectors[1],
        {"kind": "table"},
        {"a": 10},
        RoundRecord(0, {"auc": 0.5}, {}, None, {}),
        rounds,
        1,
        [vectors[2], vectors[0]],
        {"m_t": vectors[2]},
        history,
    )


def test_a_saved_state_comes_back_bit_for_bit(tmp_path):
    saved = state()
    save(tmp_path, saved)
    back = load(tmp_path)
    assert back is not None
    assert back.vector.tobytes() == saved.vector.tobytes()
    assert back.best.tobytes() == saved.best.tobytes()
    assert [v.tobytes() for v in back.recent] == [v.tobytes() for v in saved.recent]
    assert back.strategy["m_t"].tobytes() == saved.strategy["m_t"].tobytes()
    assert (back.history, back.round, back.best_round) == (saved.history, 2, 1)
    assert (back.announced, back.preprocessing) == ({"a": 10}, {"kind": "table"})


def test_a_folder_without_a_checkpoint_has_none(tmp_path):
    assert load(tmp_path) is None


def test_a_damaged_checkpoint_is_refused(tmp_path):
    save(tmp_path, state())
    path = tmp_path / checkpoint.FILE
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UnreadableFile, match="damaged"):
        load(tmp_path)


def test_a_full_disk_keeps_the_former_checkpoint(tmp_path, monkeypatch):
    save(tmp_path, state(1))

    def refuse(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", refuse)
    with pytest.raises(StorageFull, match="disk is full"):
        save(tmp_path, state(2))
    back = load(tmp_path)
    assert back is not None
    assert back.round == 1
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.FILE]


def test_a_failed_write_in_the_background_is_raised_at_the_next(tmp_path):
    gone = tmp_path / "gone"
    writer = CheckpointWriter(gone)
    writer.write(state(1))
    with pytest.raises(StorageFull):
        writer.write(state(2))
    writer.close()


def test_the_writer_saves_the_state_as_it_was_when_told(tmp_path):
    writer, running = CheckpointWriter(tmp_path), state(1)
    writer.write(running)
    running.history.append(running.history[0])
    running.round = 9
    writer.close()
    back = load(tmp_path)
    assert back is not None
    assert (back.round, len(back.history)) == (1, 1)


def test_a_kill_loses_no_round_that_the_disk_has_not_confirmed(tmp_path):
    save(tmp_path, state(1))
    save(tmp_path, state(2), sync=False)
    assert load(tmp_path).round == 2
    save(tmp_path, state(3))
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.FILE]


def test_after_a_power_cut_the_last_confirmed_round_counts(tmp_path, monkeypatch):
    save(tmp_path, state(1))
    save(tmp_path, state(2), sync=False)
    monkeypatch.setattr(checkpoint, "_boot", lambda: "another start of the machine")
    assert load(tmp_path).round == 1
    (tmp_path / checkpoint.UNCONFIRMED).write_bytes(b"")
    assert load(tmp_path).round == 1


def test_the_last_round_is_confirmed_when_a_run_ends(tmp_path):
    writer = CheckpointWriter(tmp_path)
    for rounds in (1, 2, 3):
        writer.write(state(rounds))
    writer.close()
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.FILE]
    assert load(tmp_path).round == 3
