"""The seeded records are those that a simulation has, bit for bit."""

import numpy as np
import psycopg
import pytest

from fedcare.cli.up_seeding import seed_institution, shares
from fedcare.data.sources.database import read_patients, read_studies
from fedcare.db.audit import Origin
from fedcare.db.database import Database
from fedcare.federation.study import load_divided
from fedcare.tasks.registry import get

ORIGIN = Origin(source="command line")


@pytest.fixture
def seeded(database_url, tmp_path):
    """Two of five institutions with their records; the owner's connection, which no policy binds."""
    database = Database(database_url, pool_size=1)
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("insert into institutions (name) values ('Urban Hospital'), ('Rural Hospital')")
        for number, name in enumerate(("Urban Hospital", "Rural Hospital"), 1):
            assert seed_institution(
                database, ORIGIN, number, name, shares(5)[name], tmp_path, tmp_path / "images" / str(number)
            )
        yield database, owner, tmp_path
    database.close()


def test_a_node_reads_what_a_simulation_divides(seeded):
    _, owner, home = seeded
    people, pictures = get("insurance-cost"), get("cancer-imaging")
    for number, name in enumerate(("Urban Hospital", "Rural Hospital"), 1):
        with owner.transaction(), owner.cursor() as cursor:
            cursor.execute("set local role fedcare_app")
            cursor.execute("select set_config('app.institution_id', %s, true)", [str(number)])
            table = read_patients(owner, people.records, people.name)
            seen = read_studies(owner, pictures.records, home, home / "images" / str(number))
        expected, _ = load_divided(people, None, "hospitals", 42)[name]
        assert not table.problems
        for feature, values in expected.numeric.items():
            assert np.array_equal(table.records.numeric[feature], values)
        for feature, values in expected.categorical.items():
            assert np.array_equal(table.records.categorical[feature], values)
        assert np.array_equal(table.records.target, expected.target)
        expected, _ = load_divided(pictures, None, "hospitals", 42)[name]
        assert not seen.problems
        assert np.array_equal(seen.records.pixels, expected.pixels)
        assert np.array_equal(seen.records.target, expected.target)
        assert (home / "images").stat().st_mode & 0o077 == 0


def test_what_is_there_is_left_alone(seeded):
    database, owner, home = seeded
    before = owner.execute("select count(*), max(id::text) from patients").fetchone()
    share = shares(5)["Urban Hospital"]
    assert not seed_institution(database, ORIGIN, 1, "Urban Hospital", share, home, home / "images" / "1")
    assert owner.execute("select count(*), max(id::text) from patients").fetchone() == before


def test_any_number_of_institutions_gets_uneven_shares():
    divided = shares(7)
    sizes = {len(share.patients) for share in divided.values()}
    positives = {share.images.target.mean() for share in divided.values()}
    assert len(divided) == 7
    assert len(sizes) > 1 or len(positives) > 1
    assert sum(len(share.patients) for share in divided.values()) == 1338
