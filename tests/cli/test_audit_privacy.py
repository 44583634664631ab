"""``fedcare audit privacy`` from a run to its page, its figures and its version's card."""

import json
from pathlib import Path

import pytest

SMALL = ("--rounds", 2, "--local-epochs", 1, "--partition", "iid:2")


@pytest.fixture
def run(fedcare, tmp_path) -> Path:
    folder = tmp_path / "run"
    assert fedcare("simulate", "breast-cancer", *SMALL, "--out", folder, "--json").code == 0
    return folder


def audit(fedcare, run, *more):
    return fedcare("audit", "privacy", run, "--shadows", 4, "--canaries", 40, *more)


def test_an_audit_leaves_a_page_figures_and_a_card_that_tells_them(fedcare, run):
    before = json.loads((run / "model" / "manifest.json").read_text())["name"]
    code, out, _ = audit(fedcare, run, "--json")
    found = json.loads(out)
    assert (code, found["broken"], found["epsilon_claimed"]) == (0, False, None)
    assert found["epsilon_measured"] > 1.0
    assert json.loads((run / "privacy_audit.json").read_text())["membership"] == found["membership"]
    assert "One training with canaries" in (run / "privacy_audit.html").read_text()
    card = (run / "model" / "card.md").read_text()
    assert "## Privacy under attack" in card
    assert f"{found['membership']['auc']:.3f}" in card
    shown = json.loads(fedcare("models", "show", run, "--json").out)
    assert shown["name"] == found["version"] != before


def test_the_same_seed_gives_the_same_figures(fedcare, run):
    first, second = (json.loads(audit(fedcare, run, "--json", "--seed", 3).out) for _ in range(2))
    assert first == second


def test_people_are_told_in_sentences(fedcare, run):
    code, out, err = audit(fedcare, run)
    assert code == 0
    assert "at least" in out
    assert "membership, with shadow models" in err
    assert "promises no epsilon" in " ".join(err.split())


def test_a_run_whose_records_have_changed_is_not_audited(fedcare, run):
    mark = json.loads((run / "study.json").read_text())
    (run / "study.json").write_text(json.dumps(mark | {"records": "0" * 64}))
    code, out, _ = audit(fedcare, run, "--json")
    assert (code, json.loads(out)["error"]["code"]) == (2, "nothing_to_audit")


def test_a_run_over_real_institutions_is_refused_and_why(fedcare, tmp_path):
    (tmp_path / "plan.json").write_text("{}")
    code, _, err = fedcare("audit", "privacy", tmp_path)
    assert (code, "real institutions" in err) == (2, True)


def test_an_unfinished_run_and_a_missing_one_are_refused(fedcare, run):
    (run / "run.json").unlink()
    assert "end" in audit(fedcare, run).err
    assert json.loads(audit(fedcare, "nothing", "--json").out)["error"]["code"] == "unknown_run"


@pytest.mark.parametrize("wrong", [("--shadows", 3), ("--canaries", 5)])
def test_an_effort_that_proves_nothing_is_refused(fedcare, run, wrong):
    code, out, _ = fedcare("audit", "privacy", run, *wrong, "--json")
    assert (code, json.loads(out)["error"]["code"]) == (2, "bad_setting")
