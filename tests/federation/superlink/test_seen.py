"""When a node was last seen survives the door, and decides who is long gone."""

from fedcare.federation.superlink.seen import LONG_SECONDS, WRITE_SECONDS, Seen, long_gone


def test_an_institution_is_long_gone_a_day_after_it_last_called(tmp_path):
    now = [1_000_000.0]
    seen = Seen(tmp_path, lambda: now[0])
    seen.note("A")
    seen.note("B")
    now[0] += LONG_SECONDS - 1
    seen.note("B")
    assert long_gone(tmp_path, lambda: now[0]) == set()
    now[0] += 2
    assert long_gone(tmp_path, lambda: now[0]) == {"A"}


def test_another_door_goes_on_with_what_the_last_one_saw(tmp_path):
    now = [1_000_000.0]
    Seen(tmp_path, lambda: now[0]).note("A")
    now[0] += LONG_SECONDS + 1
    Seen(tmp_path, lambda: now[0]).note("B")
    assert long_gone(tmp_path, lambda: now[0]) == {"A"}


def test_calls_within_a_minute_are_written_once(tmp_path):
    now = [1_000_000.0]
    seen = Seen(tmp_path, lambda: now[0])
    seen.note("A")
    before = (tmp_path / "superlink" / "seen.json").read_text()
    now[0] += WRITE_SECONDS / 2
    seen.note("A")
    assert (tmp_path / "superlink" / "seen.json").read_text() == before
    now[0] += WRITE_SECONDS
    seen.note("A")
    assert (tmp_path / "superlink" / "seen.json").read_text() != before


def test_without_a_record_nobody_is_long_gone(tmp_path):
    assert long_gone(tmp_path) == set()
    (tmp_path / "superlink").mkdir()
    (tmp_path / "superlink" / "seen.json").write_text("[1, 2")
    assert long_gone(tmp_path) == set()
