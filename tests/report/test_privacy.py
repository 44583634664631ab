"""The report says what a private run promised, and that a run without privacy promised nothing."""

from fedcare.report import privacy
from fedcare.report.facts import read

SPENT = {
    "epsilon": 4.9,
    "delta": 1e-5,
    "noise_multiplier": 2.2,
    "sample_rate": 0.1,
    "clip": 1.0,
    "count_noise": 9.0,
    "evaluation_noise": 6.0,
    "seeded_noise": False,
    "institutions": {
        "Urban Hospital": {"epsilon": 4.9, "rounds": [[0, 0.4], [1, 3.1], [2, 4.6]]},
        "Rural Clinic": {"epsilon": 3.4, "rounds": [[0, 0.4], [1, 3.1], [2, 3.1]]},
    },
}


def section(run, **changes):
    return privacy.section(read(run | {"privacy": SPENT | changes}))


def test_the_claim_and_the_spend_of_each_institution_and_round_are_told(binary_run):
    shown = section(binary_run)
    assert "epsilon is 4.9 at delta 1e-05" in shown.sentences[-1]
    (plot,) = shown.plots
    assert plot.data.columns == ("Institution", "after round 0", "after round 1", "after round 2", "in all")
    assert plot.data.rows[1] == ("Rural Clinic", "0.4", "3.1", "3.1", "3.4")
    assert [trace["y"] for trace in plot.drawing["data"]] == [[0.4, 3.1, 4.6], [0.4, 3.1, 3.1]]


def test_noise_from_a_seed_is_warned_of_first(binary_run):
    assert section(binary_run, seeded_noise=True).sentences[0] == privacy.SEEDED
    assert privacy.SEEDED not in section(binary_run).sentences


def test_a_run_that_nothing_bounds_says_so(binary_run):
    assert privacy.section(read(binary_run)).sentences == [privacy.NOTHING]
