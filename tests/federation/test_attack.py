"""Nobody gets through the coordinator's door who should not, and an honest node does not notice the attempts."""

import pytest
from benchmarks.attack import attack, table


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    made = attack(tmp_path_factory.mktemp("attack"))
    print("\n" + table(made))  # noqa: T201  # ``pytest -s`` shows it.
    return made


def test_every_attack_is_refused(report):
    assert [result for result in report.results if not result.refused] == []
    assert len(report.results) >= 50


def test_the_run_in_progress_is_unharmed(report):
    assert report.unharmed, table(report)
    assert report.grown_mib < 200
