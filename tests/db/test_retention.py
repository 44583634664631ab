"""Records leave when their institution's period is over, not before, and no other institution's with them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, insert, select

from fedcare.db.database import Database, Scope
from fedcare.db.ids import new_id
from fedcare.db.retention import enforce
from fedcare.db.tables import imaging_studies, institutions, patients, predictions


@pytest.fixture
def owner(shared_url):
    engine = create_engine(shared_url)
    yield engine
    engine.dispose()


@pytest.fixture
def database(shared_url):
    database = Database(shared_url)
    yield database
    database.close()


def institution(owner, patients_days: int | None, predictions_days: int | None) -> int:
    periods = {"retain_patients_days": patients_days, "retain_predictions_days": predictions_days}
    with owner.begin() as connection:
        return connection.execute(insert(institutions).values(name=str(new_id()), **periods)).inserted_primary_key.id


def fill(database: Database, tenant: int) -> None:
    """Patients last changed, and predictions of nobody made, 1, 9.9 and 10.1 days ago."""
    with database.transaction(Scope(tenant)) as tx:
        for days in (1, 9.9, 10.1):
            then = datetime.now(UTC) - timedelta(days=days)
            patient = {"institution_id": tenant, "id": new_id(), "first_name": "A", "last_name": "B"}
            patient |= {"first_folded": "a", "last_folded": "b", "age": 1, "sex": "male", "bmi": 20, "children": 0}
            patient |= {"smoker": "no", "region": str(days), "created_at": datetime(2000, 1, 1, tzinfo=UTC)}
            tx.execute(insert(patients).values(**patient, updated_at=then))
            tx.execute(
                insert(imaging_studies).values(institution_id=tenant, id=new_id(), patient_id=patient["id"], path="x")
            )
            prediction = {"institution_id": tenant, "worker_id": new_id(), "task": "t", "model_version": "v"}
            prediction |= {"result": {}, "value": days, "outside": False, "created_at": then}
            tx.execute(insert(predictions).values(id=new_id(), **prediction))


def kept(database: Database, tenant: int) -> tuple[list[str], int, list[float]]:
    with database.transaction(Scope(tenant)) as tx:
        regions = tx.execute(select(patients.c.region)).scalars().all()
        studies = len(tx.execute(select(imaging_studies.c.id)).all())
        values = tx.execute(select(predictions.c.value)).scalars().all()
    return sorted(regions, key=float), studies, sorted(values)


ALL, YOUNG = [1, 9.9, 10.1], [1, 9.9]


@pytest.mark.parametrize(
    ("periods", "gone", "left"),
    [
        ((None, None), {}, (ALL, ALL)),
        ((10, None), {"patients": 1}, (YOUNG, ALL)),
        ((None, 10), {"predictions": 1}, (ALL, YOUNG)),
        ((2, 2), {"patients": 2, "predictions": 2}, ([1], [1])),
        ((11, 36_500), {}, (ALL, ALL)),
    ],
)
def test_what_is_older_than_the_period_goes(owner, database, periods, gone, left):
    tenant, other = institution(owner, *periods), institution(owner, None, None)
    for one in (tenant, other):
        fill(database, one)
    with database.transaction(Scope(tenant)) as tx:
        assert enforce(tx, tenant) == gone
        assert enforce(tx, tenant) == {}
    assert kept(database, tenant) == ([str(days) for days in left[0]], len(left[0]), left[1])
    assert kept(database, other)[2] == ALL


def test_an_institution_enforces_nothing_upon_another(owner, database):
    tenant, other = institution(owner, 1, 1), institution(owner, 1, 1)
    fill(database, other)
    with database.transaction(Scope(tenant)) as tx:
        assert enforce(tx, other) == {}
    assert kept(database, other)[2] == ALL


def test_an_institution_that_left_in_between_is_no_failure(database):
    with database.transaction(Scope(987_654)) as tx:
        assert enforce(tx, 987_654) == {}
