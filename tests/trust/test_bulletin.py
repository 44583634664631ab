"""Plans are read from files, the newest first."""

import pytest

from fedcare.trust import bulletin


def test_the_newest_open_plans_come_first(tmp_path, monkeypatch):
    for number in range(25):
        monkeypatch.setattr("time.time", lambda number=number: float(number))
        bulletin.publish_plan(tmp_path, f"{number:064x}", '{"a":1}')
    found = bulletin.open_plans(tmp_path)
    assert [int(each["hash"], 16) for each in found] == list(range(24, 4, -1))
    assert found[0] == {"hash": f"{24:064x}", "canonical": '{"a":1}', "proposed_at": 24.0, "status": "proposed"}


def test_a_plan_keeps_its_time_and_can_be_withdrawn(tmp_path):
    bulletin.publish_plan(tmp_path, "a" * 64, "{}")
    at = bulletin.open_plans(tmp_path)[0]["proposed_at"]
    bulletin.publish_plan(tmp_path, "a" * 64, "{}", status="approved")
    assert bulletin.open_plans(tmp_path) == [
        {"hash": "a" * 64, "canonical": "{}", "proposed_at": at, "status": "approved"}
    ]
    bulletin.withdraw_plan(tmp_path, "a" * 64)
    assert bulletin.open_plans(tmp_path) == []


def test_a_hash_that_is_a_path_is_refused(tmp_path):
    with pytest.raises(ValueError, match="hexadecimal"):
        bulletin.publish_plan(tmp_path, "../../etc/passwd", "{}")
