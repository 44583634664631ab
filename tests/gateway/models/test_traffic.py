"""Two versions share a task's patients, and are compared on what became known since."""

import random

import pytest
from sqlalchemy import text

from fedcare.db.ids import new_id

TRAFFIC, COMPARE = "/api/models/traffic", "/api/models/compare?task=insurance-cost"
RECORD = {"age": 44, "sex": "female", "bmi": 27.5, "children": 1, "smoker": "no", "region": "northeast"}


@pytest.fixture
def both(serve):
    """The active version and its challenger."""
    return serve("insurance"), serve("insurance-2", activate=False)


@pytest.fixture
def share(both, client):
    def ask(fraction: float = 0.5):
        asked = {"task": "insurance-cost", "challenger_id": both[1].id, "fraction": fraction}
        answer = client("consortium").put(TRAFFIC, json=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def versions_of(doctor, records) -> list[str]:
    asked = {"explain": False, "record": False}
    return [
        doctor.post("/api/predictions", json=asked | {"features": each}).json()["model_version"] for each in records
    ]


def test_a_fraction_of_the_records_is_answered_by_the_challenger_always_the_same(both, share, client):
    share(0.5)
    doctor = client("doctor")
    records = [RECORD | {"age": 20 + each} for each in range(40)]
    first = versions_of(doctor, records)
    assert set(first) == {each.version for each in both}
    assert versions_of(doctor, records) == first
    reordered = [dict(reversed(each.items())) for each in records[:5]]
    assert versions_of(client("nurse"), reordered) == first[:5]


def test_a_batch_is_answered_row_by_row_as_single_records_are(both, share, client):
    share(0.5)
    doctor = client("doctor")
    records = [RECORD | {"age": 20 + each} for each in range(20)]
    answer = doctor.post("/api/predictions/batch", json={"rows": records}).json()
    assert [answer["model_versions"][each] for each in answer["answered_by"]] == versions_of(doctor, records)
    singles = doctor.post("/api/predictions", json={"features": records[3]}).json()
    assert answer["values"][3] == pytest.approx(singles["value"])
    many = [RECORD | {"age": 20 + each % 50, "bmi": 20 + each / 100} for each in range(1000)]
    answer = doctor.post("/api/predictions/batch", json={"rows": many}).json()
    versions = [answer["model_versions"][each] for each in answer["answered_by"]]
    assert 350 < versions.count(both[1].version) < 650


def test_sharing_ends_when_stopped_and_when_a_version_is_activated(both, share, client):
    admin, doctor = client("consortium"), client("doctor")
    records = [RECORD | {"age": 20 + each} for each in range(20)]
    share(0.9)
    assert admin.delete(TRAFFIC, params={"task": "insurance-cost"}).status_code == 204
    assert admin.delete(TRAFFIC, params={"task": "insurance-cost"}).status_code == 204
    assert set(versions_of(doctor, records)) == {both[0].version}
    share(0.9)
    assert admin.post(f"/api/models/{both[1].id}/activate").status_code == 200
    assert set(versions_of(doctor, records)) == {both[1].version}
    assert admin.get(COMPARE).status_code == 409


def test_another_fraction_of_the_same_challenger_goes_on_counting(share):
    assert share(0.1)["since"] == share(0.4)["since"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"fraction": 0}, 422),
        ({"fraction": 1.0}, 422),
        ({"fraction": "0.5"}, 422),
        ({"challenger_id": 999}, 404),
        ({"task": "cancer-imaging"}, 409),
    ],
)
def test_traffic_that_cannot_be_shared_is_refused(both, client, change, status):
    asked = {"task": "insurance-cost", "challenger_id": both[1].id, "fraction": 0.5} | change
    assert client("consortium").put(TRAFFIC, json=asked).status_code == status
    assert client("admin").put(TRAFFIC, json=asked).status_code == 403


def test_the_active_version_cannot_challenge_itself(both, client):
    asked = {"task": "insurance-cost", "challenger_id": both[0].id, "fraction": 0.5}
    assert client("consortium").put(TRAFFIC, json=asked).status_code == 409


def test_the_history_records_which_version_answered(both, share, client):
    share(0.5)
    doctor = client("doctor")
    made = [doctor.post("/api/predictions", json={"features": RECORD | {"age": 20 + n}}).json() for n in range(8)]
    items = doctor.get("/api/predictions/history").json()["items"]
    assert {each["id"]: each["model_version"] for each in items} == {each["id"]: each["model_version"] for each in made}


def add(gateway, institution: str, version: str, errors: list[float], **other) -> None:
    """Predictions of a version, each off by so many dollars, with their outcomes."""
    with gateway.database.transaction(gateway.scope(institution)) as tx:
        for error in errors:
            tx.execute(
                text(
                    "insert into predictions (institution_id, id, worker_id, patient_id, task, model_version, result,"
                    " value, outside, outcome) values (:i, :id, :w, :p, 'insurance-cost', :v, '{}', :value, false, :o)"
                ),
                {
                    "i": gateway.institutions[institution],
                    "id": new_id(),
                    "w": new_id(),
                    "p": other.get("patient"),
                    "v": version,
                    "value": 1000 + error,
                    "o": other.get("outcome", 1000),
                },
            )


def test_both_versions_are_compared_on_outcomes_with_an_interval(gateway, both, share, client):
    share()
    chance = random.Random(1)
    ours, theirs = ([chance.gauss(0, width) for _ in range(60)] for width in (300, 100))
    add(gateway, "A", both[0].version, ours)
    add(gateway, "A", both[1].version, theirs)
    found = client("admin").get(COMPARE).json()
    maes = [sum(map(abs, errors)) / 60 for errors in (ours, theirs)]
    assert found["active"]["outcomes"] == found["challenger"]["outcomes"] == 60
    assert [found["active"]["mae"], found["challenger"]["mae"]] == pytest.approx(maes)
    (difference,) = found["differences"]
    assert difference["value"] == pytest.approx(maes[1] - maes[0])
    low, high = welch([abs(each) for each in ours], [abs(each) for each in theirs])
    assert [difference["low"], difference["high"]] == pytest.approx([low, high], rel=1e-4)
    assert high < 0


def welch(ours: list[float], theirs: list[float]) -> tuple[float, float]:
    from scipy import stats

    interval = stats.ttest_ind(theirs, ours, equal_var=False).confidence_interval(0.95)
    return float(interval.low), float(interval.high)


def test_a_patients_recorded_cost_is_the_outcome_of_earlier_predictions(gateway, both, share, client):
    share()
    doctor = client("doctor")
    patient = new_id()
    with gateway.database.transaction(gateway.scope("A")) as tx:
        tx.execute(
            text(
                "insert into patients (institution_id, id, first_name, last_name, first_folded, last_folded, age, sex,"
                " bmi, children, smoker, region) values (:i, :id, 'A', 'B', 'a', 'b', 40, 'male', 25, 0, 'no', 'x')"
            ),
            {"i": gateway.institutions["A"], "id": patient},
        )
    made = [doctor.post("/api/predictions", json={"patient_id": str(patient)}).json() for _ in range(2)]
    with gateway.database.transaction(gateway.scope("A")) as tx:
        tx.execute(text("update patients set insurance_cost = 5000, cost_recorded_at = clock_timestamp()"))
    doctor.post("/api/predictions", json={"patient_id": str(patient)})
    found = client("admin").get(COMPARE).json()
    answered = next(each for each in (found["active"], found["challenger"]) if each["outcomes"])
    assert answered["predictions"] == 3 and answered["outcomes"] == 1
    assert answered["mae"] == pytest.approx(abs(made[0]["value"] - 5000))
    assert found["differences"] == []


def test_an_institution_sees_its_own_and_the_consortium_sums_of_enough(gateway, both, share, client):
    share()
    for institution, count in (("A", 12), ("B", 3)):
        for version in both:
            add(gateway, institution, version.version, [100.0] * count)
    own = client("admin", "A").get(COMPARE).json()
    assert own["active"]["outcomes"] == 12
    assert own["least_outcomes"] == 1
    assert client("admin", "B").get(COMPARE).json()["active"]["outcomes"] == 3
    together = client("consortium").get(COMPARE).json()
    assert together["active"]["outcomes"] == 12
    assert together["institutions"] == 1 and together["left_out"] == 1
    assert together["least_outcomes"] == 10
    assert client("doctor").get(COMPARE).status_code == 403


def test_the_consortium_is_told_of_institutions_that_predict_and_have_no_outcome_yet(gateway, both, share, client):
    share()
    add(gateway, "A", both[0].version, [100.0] * 30, outcome=None)
    together = client("consortium").get(COMPARE).json()
    assert (together["institutions"], together["left_out"]) == (0, 1)


def test_images_are_compared_by_accuracy_and_brier_score(gateway, serve, client):
    found = serve("imaging")
    with gateway.database.transaction(gateway.scope(None)) as tx:
        tx.execute(
            text(
                "insert into model_versions (version, task, model_path, hash, trained_at)"
                " values ('other', 'cancer-imaging', 'x', 'x', now())"
            )
        )
        tx.execute(
            text(
                "insert into model_traffic (task, challenger_id, fraction)"
                " select 'cancer-imaging', id, 0.5 from model_versions where version = 'other'"
            )
        )
    result = '{"label": "cancer", "probabilities": [{"label": "normal"}, {"label": "cancer"}]}'
    with gateway.database.transaction(gateway.scope("A")) as tx:
        for version, outcome in ((found.version, 1), (found.version, 0), ("other", 1)):
            tx.execute(
                text(
                    "insert into predictions (institution_id, id, worker_id, task, model_version, result, value,"
                    " outside, outcome) values (:i, :id, :id, 'cancer-imaging', :v, :r, 0.8, false, :o)"
                ),
                {"i": gateway.institutions["A"], "id": new_id(), "v": version, "r": result, "o": outcome},
            )
    compared = client("admin").get("/api/models/compare", params={"task": "cancer-imaging"}).json()
    assert compared["active"]["accuracy"] == 0.5 and compared["active"]["brier"] == pytest.approx(0.34)
    assert compared["challenger"]["accuracy"] == 1.0 and compared["challenger"]["brier"] == pytest.approx(0.04)
    assert [each["figure"] for each in compared["differences"]] == ["accuracy", "brier"]
